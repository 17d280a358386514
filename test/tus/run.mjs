// npm run test:tus: uploads by tus-js-client to tusd, and from a page in Chromium to both servers.
import test from 'node:test'
import { assert } from 'chai'
import { changesSuite } from './changes.mjs'
import { pagesSuite } from './pages.mjs'
import { tusServers } from './servers.mjs'
import { uploadsSuite } from './uploads.mjs'
import { makeTusWorld } from './world.mjs'

/** @type {Record<string, any>} */
const worlds = {}
test.before(async () => {
  for (const [name, start] of Object.entries(tusServers)) worlds[name] = await makeTusWorld(start)
})
test.after(async () => {
  for (const world of Object.values(worlds)) await world.close()
})

const host = { test, assert, world: () => worlds.tusd }
uploadsSuite(host)
changesSuite(host)
for (const server of Object.keys(tusServers))
  pagesSuite({ test, assert, world: () => worlds[server], server })
