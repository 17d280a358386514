// The uploader by tus under the real core of Uppy, to the reference server of Node.
import test from 'node:test'
import { assert } from 'chai'
import { tusServers } from '../tus/servers.mjs'
import { uppyMomentsSuite } from '../tus/uppy-moments.mjs'
import { uppyRefusalsSuite } from '../tus/uppy-refusals.mjs'
import { uppySuite } from '../tus/uppy.mjs'
import { makeTusWorld } from '../tus/world.mjs'

/** @type {any} */
let made
test.before(async () => (made = await makeTusWorld(tusServers['@tus/server'])))
test.after(() => made?.close())

const host = { test, assert, world: () => made }
uppySuite(host)
uppyRefusalsSuite(host)
uppyMomentsSuite(host)
