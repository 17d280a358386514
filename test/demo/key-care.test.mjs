// The demo's care for its keys goes by one time for each answer, however often its clock is read.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { fileInventory } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { beginInventory, purposes, root } from '../../demo/inventory.mjs'
import { createKeyCare } from '../../demo/key-care.mjs'

test('a step that is due says the very time of the overview, though the clock moves at each read', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-key-care-'))
  t.after(() => rm(dir, { recursive: true }))
  let time = Date.now()
  const now = () => (time += 1)
  const keys = [...purposes, root].map(({ alias, spec, usage }) => ({
    alias,
    spec,
    usage,
  }))
  const kms = await startLocalKms({ keys, now })
  t.after(() => kms.close())
  const client = new KMSClient(kms.clientConfig)
  t.after(() => client.destroy())
  const own = { kms: client, store: fileInventory(join(dir, 'inventory')), root: root.alias, now }
  await beginInventory(own)
  const { now: at, steps } = await createKeyCare(own).overview()
  assert.deepEqual(steps[0].notBefore, at)
})
