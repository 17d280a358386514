import { assert } from 'chai'
import * as jose from 'jose'
import { digests } from '../../dist/digests.js'
import * as door from '../../dist/index.js'
import { mlDsa } from '../../dist/ml-dsa.js'
import { cells } from '../matrix/cells.js'
import { runDoorSuites, runRoomSuites } from '../suites/all.js'
import * as rooms from '../support/rooms.js'
import { skipping } from './skipping.js'

const host = {
  test: skipping,
  assert,
  jose,
  door,
  mlDsa,
  digests,
  rooms,
  fixture: new URL('/fixture/', location.href).href,
}
runDoorSuites(host)
runRoomSuites(host)

test('one genuine signature of each algorithm, as the matrix tells of it', async () => {
  const { uaFullVersion: version } = await navigator.userAgentData.getHighEntropyValues([
    'uaFullVersion',
  ])
  const body = JSON.stringify({ name: 'Chromium', version, cells: await cells({ door, mlDsa }) })
  const answer = await fetch('/cells', { method: 'POST', body })
  assert.equal(answer.status, 204, await answer.text())
})
