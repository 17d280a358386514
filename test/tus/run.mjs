// npm run test:tus: uploads by tus-js-client to tusd, and from a page in Chromium to both servers.
import test from 'node:test'
import { assert } from 'chai'
import { changesSuite } from './changes.mjs'
import { tusServers } from './servers.mjs'
import { uploadsSuite } from './uploads.mjs'
import { makeTusWorld } from './world.mjs'

/** @type {any} */
let made
test.before(async () => (made = await makeTusWorld(tusServers.tusd)))
test.after(() => made?.close())

const host = { test, assert, world: () => made }
uploadsSuite(host)
changesSuite(host)
