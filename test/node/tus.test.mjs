// sealdrop/tus with the real tus-js-client, to the reference server of Node.
import test from 'node:test'
import { assert } from 'chai'
import { changesSuite } from '../tus/changes.mjs'
import { guideSuite } from '../tus/guide.mjs'
import { refusalsSuite } from '../tus/refusals.mjs'
import { tusServers } from '../tus/servers.mjs'
import { uploadsSuite } from '../tus/uploads.mjs'
import { makeTusWorld } from '../tus/world.mjs'

/** @type {any} */
let made
test.before(async () => (made = await makeTusWorld(tusServers['@tus/server'])))
test.after(() => made?.close())

const host = { test, assert, world: () => made }
uploadsSuite(host)
changesSuite(host)
guideSuite(host)
refusalsSuite(host)
