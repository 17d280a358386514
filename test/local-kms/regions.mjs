// Servers with keys in several Regions, on a folder that outlives them: one of each for each test.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientIn, failure } from './helpers.mjs'

/** @import { LocalKms, LocalKmsOptions } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

export const day = 86_400_000
export const start = 1_700_000_000_000
export const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-southeast-2']
export const all = [us, eu, ap]
export const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
export const arnIn = (region, KeyId) => `arn:aws:kms:${region}:111122223333:key/${KeyId}`

/** The server that runs, its folder, and its time, which a test moves. */
export const world = {
  now: start,
  dir: '',
  local: /** @type {LocalKms} */ (/** @type {unknown} */ (undefined)),
  /** @param {LocalKmsOptions} options */
  async open(options = { regions: [eu, ap, 'us-gov-west-1'] }) {
    world.local = await startLocalKms({ dir: world.dir, now: () => world.now, ...options })
    for (const region of all) clients.set(region, clientIn(world.local, region))
  },
  async restart() {
    await world.local.close()
    await world.open()
  },
}
/** @type {Map<string, Client>} */
const clients = new Map()

/** The client in a Region of the server that runs. */
export function inRegion(region) {
  const client = clients.get(region)
  if (client === undefined) throw new Error(`there is no client in ${region}`)
  return client
}

/** A server before each test of a file, and nothing of it after. */
export function serveEachTest() {
  beforeEach(async () => {
    world.now = start
    world.dir = mkdtempSync(join(tmpdir(), 'sealdrop-kms-'))
    await world.open()
  })
  afterEach(async () => {
    await world.local.close()
    rmSync(world.dir, { recursive: true, force: true })
  })
}

/** A multi-Region key in us, of which copies can be made. */
export const make = async (more = {}) =>
  (await inRegion(us)('CreateKey', { MultiRegion: true, ...more })).KeyMetadata.KeyId
export const replicate = (KeyId, ReplicaRegion, more = {}) =>
  inRegion(us)('ReplicateKey', { KeyId, ReplicaRegion, ...more })
export const describe = async (region, KeyId) =>
  (await inRegion(region)('DescribeKey', { KeyId })).KeyMetadata
/** What a member of KeyMetadata is in each Region. */
const inEach = (regions, KeyId, member) =>
  Promise.all(regions.map(async (region) => (await describe(region, KeyId))[member]))
export const states = (KeyId, regions = all) => inEach(regions, KeyId, 'KeyState')
export const currentIds = (KeyId, regions = [us, eu]) =>
  inEach(regions, KeyId, 'CurrentKeyMaterialId')
export async function gone(region, KeyId) {
  const { message } = await failure(inRegion(region)('DescribeKey', { KeyId }))
  assert.strictEqual(message, `Key '${arnIn(region, KeyId)}' does not exist`)
}

export const fileOf = (region, KeyId) => join(world.dir, region, `${KeyId}.json`)
/** What a crash left on the disk: the record of a key in a Region, changed while no server runs. */
export async function edit(region, KeyId, change) {
  await world.local.close()
  const path = fileOf(region, KeyId)
  const record = JSON.parse(readFileSync(path, 'utf8'))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}
