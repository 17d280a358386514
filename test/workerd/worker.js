// The suites inside a Worker: everything is defined and run within a request, as workerd demands.
import { assert } from 'chai'
import * as jose from 'jose'
import { digests } from '#dist/doors/digests.js'
import * as door from '#dist/doors/index.js'
import { mlDsa } from '#dist/doors/ml-dsa.js'
import { cells } from '../matrix/cells.js'
import { runDoorSuites, runRoomSuites } from '../suites/all.js'
import * as rooms from '../support/rooms.js'
import { resultOf } from '../support/skip.js'

export default {
  async fetch(request) {
    const tests = []
    const host = {
      test: (name, work) => tests.push({ name, work }),
      assert,
      jose,
      door,
      mlDsa,
      digests,
      rooms,
      fixture: new URL(request.url).searchParams.get('fixture') ?? '',
    }
    runDoorSuites(host)
    runRoomSuites(host)
    const results = []
    for (const one of tests) results.push(await resultOf(one))
    return Response.json({ results, cells: await cells({ door, mlDsa }) })
  },
}
