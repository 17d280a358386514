// The suites that every host runs, in Node, on the modules and on both script-tag bundles.
import test from 'node:test'
import { readFile } from 'node:fs/promises'
import vm from 'node:vm'
import { assert } from 'chai'
import * as jose from 'jose'
import * as modules from 'sealdrop'
import { digests } from 'sealdrop/digests'
import { mlDsa } from 'sealdrop/ml-dsa'
import { cells } from '../matrix/cells.js'
import { keepCells } from '../matrix/kept-cells.mjs'
import { runDoorSuites, runRoomSuites } from '../suites/all.js'
import { startFixture } from '../support/fixture-server.mjs'
import * as rooms from '../support/rooms.js'
import { orSkip } from '../support/skip.js'
import { soaks } from '../support/soak.mjs'
import { wrong } from '../support/types.mjs'

const fixture = await startFixture()
test.after(() => fixture.close())

const script = await readFile(new URL('../../dist/sealdrop.min.js', import.meta.url), 'utf8')
const doors = {
  modules,
  'script tag': vm.runInThisContext(`${script}; sealdrop`),
  'minified module': await import(`${new URL('../../dist/sealdrop.min.mjs', import.meta.url)}`),
}
for (const [name, door] of Object.entries(doors)) {
  const host = {
    test: (title, work) =>
      test(`${name}: ${title}`, (t) => orSkip(work, (reason) => t.skip(reason))),
    assert,
    jose,
    door,
    mlDsa,
    digests,
    fixture: fixture.url,
    whole: soaks,
  }
  runDoorSuites({ ...host, rooms: wrong(undefined) }) // as a page has it
  if (name === 'modules') runRoomSuites({ ...host, rooms })
}

test('one genuine signature of each algorithm, as the matrix tells of it', async () => {
  const [major] = process.versions.node.split('.')
  keepCells({
    name: Number(major) < 24 ? 'Node 20' : 'Node 24',
    version: process.versions.node,
    cells: await cells({ door: modules, mlDsa }),
  })
})
