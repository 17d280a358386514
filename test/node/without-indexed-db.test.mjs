// A host without IndexedDB, as Node is: the stores of browsers say so.
import test from 'node:test'
import { assert } from 'chai'
import { indexedDbRecords, indexedDbSets } from 'sealdrop'
import { fails } from '../support/host.js'

test('records and sets in IndexedDB say that there is none, and what there is in Node', async () => {
  const why = /no IndexedDB here.*fileRecords and fileSets/
  await fails(assert, indexedDbRecords().load('x'), 'output_failed', why)
  await fails(assert, indexedDbSets().get('x'), 'output_failed', why)
})
