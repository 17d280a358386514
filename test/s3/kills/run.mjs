// npm run test:s3: whole uploads through whatever may happen to them, against an S3 that we did not
// write. 20 of 64 MiB; in `npm run test:soak` 50 of 512 MiB.
import test, { after, before } from 'node:test'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from 'chai'
import { generator } from '../../support/generator.mjs'
import { amount, givenSeed, seedLine } from '../../support/soak.mjs'
import { startVersitygw } from '../../support/versitygw.mjs'
import { launches, makePageWorld } from '../page-world.mjs'
import { changesSuite } from './changes.mjs'
import { copiesSuite } from './copies.mjs'
import { faults } from './faults.mjs'
import { nodeLives, tabLives } from './lives.mjs'
import { pageTroublesSuite } from './page-troubles.mjs'

const MiB = 2 ** 20
const partLength = 8 * MiB
const runs = amount({ part: 20, whole: 50 })
const size = amount({ part: 64, whole: 512 }) * MiB

let server, world, browser
/** @type {any} */
const made = {}
before(async () => {
  server = await startVersitygw()
  world = await makePageWorld(server.config, {})
  Object.assign(made, { world, build: world.pages.build })
  browser = await launches.Chromium()
  made.browser = browser
})
after(async () => {
  await browser?.close()
  await world?.close()
  server?.close()
})

const fresh = () => {
  Object.assign(world.store, { puts: [], before: undefined, after: undefined, isDown: false })
  world.pages.atPoint = undefined
  world.clock.behind = 0
}

async function hashOf(path) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

async function fileOf(length) {
  const path = join(world.folder, randomUUID())
  const hash = createHash('sha256')
  const out = createWriteStream(path)
  for (let left = length; left > 0; left -= 16 * MiB) {
    const bytes = randomBytes(Math.min(left, 16 * MiB))
    hash.update(bytes)
    if (!out.write(bytes)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  // whole seconds, which can be put back
  await utimes(path, 1_700_000_000, 1_700_000_000)
  return { path, hash: hash.digest('hex') }
}

/** Sends a file through a fault, and then to its end. @returns what was sent */
async function throughFault(fault, lives, drawn) {
  const file = await fileOf(size + drawn.more)
  fresh()
  let life
  const end = () => life.end()
  const {
    again,
    killed = false,
    isExpected = () => true,
  } = faults[fault]({ world, server, end, ...drawn })
  life = await lives.begin(file)
  let outcome = await life.over
  assert.equal(outcome === undefined, killed, `it was killed: ${outcome?.error}`)
  if (killed) {
    Object.assign(world.store, { before: undefined, after: undefined })
    world.pages.atPoint = undefined
    outcome = await (await lives.begin(file)).over
  }
  assert.equal(outcome.state, 'done', outcome.error)
  const { hash, ...sealed } = await world.opened(outcome.key)
  assert.equal(hash, file.hash, 'the file is what it was')
  assert.deepEqual(sealed, { digest: outcome.digest, length: outcome.length })
  const { puts } = world.store
  const parts = Math.ceil(outcome.length / partLength)
  assert.lengthOf([...new Set(puts.map(({ key }) => key))], 1, 'one key')
  assert.isAtMost(
    puts.length,
    parts + again,
    puts.map(({ part, status }) => `${part}: ${status}`).join(),
  )
  assert.isTrue(isExpected(puts))
  const sums = new Set(puts.map(({ part, sum }) => `${part} ${sum}`))
  assert.equal(sums.size, parts, 'no part left with two contents')
  assert.deepEqual(await lives.unfinished(), [])
  assert.deepEqual(world.ledger.twice(), [], 'two contents under one key and IV')
  assert.include(await world.objects(), outcome.key)
  assert.notInclude(await world.begun(), outcome.key)
  await world.remove(outcome.key)
  await rm(file.path)
  return puts.length - parts
}

const seed = givenSeed()
const { below } = generator(seed)
const names = Object.keys(faults)
const parts = Math.ceil(size / partLength)
for (let i = 0; i < runs; i++) {
  const fault = names[i % names.length]
  const host = Math.floor(i / names.length) % 2 ? 'Chromium' : 'Node'
  const drawn = { at: 1 + below(parts - 2), ms: below(60), more: below(MiB) }
  test(`${i + 1} of ${runs}, ${host}: ${fault}`, async (t) => {
    const lives = await (host === 'Node' ? nodeLives(world) : tabLives(world, browser))
    try {
      const again = await throughFault(fault, lives, drawn)
      t.diagnostic(`at part ${drawn.at} of ${parts}: ${again} parts were sent again`)
    } finally {
      await lives.close()
    }
  })
}

test('frames were sealed again, to the same bytes', async (t) => {
  t.diagnostic(seedLine(seed))
  assert.isAbove(world.ledger.seen.again, 0)
  t.diagnostic(`${world.ledger.entries.size} frames, ${world.ledger.seen.again} sealed again`)
})

copiesSuite({ test, assert, made, fresh, fileOf, hashOf })
pageTroublesSuite({ test, assert, made, fresh, fileOf, hashOf })
changesSuite({ test, assert, made, fresh, fileOf, hashOf })
