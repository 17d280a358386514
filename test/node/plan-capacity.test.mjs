// `planCapacity` against what is counted: three companies run over the local KMS, whose trail says
// which calls came, and each sealed file and value is as long as the plan says.
import test, { after } from 'node:test'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createSealer, importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createOpener, createPublisher, planCapacity } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { wrong } from '../support/types.mjs'

/** @import { CapacityKey } from 'sealdrop/kms' */

const specs = /** @type {CapacityKey[]} */ ([
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
])
const usageOf = (spec) => (spec.startsWith('RSA') ? 'ENCRYPT_DECRYPT' : 'KEY_AGREEMENT')
const aliasOf = (spec) => `alias/${spec}`
/** @type {string[]} */
const trail = []
const region = 'eu-central-1'
const local = await startLocalKms({
  region,
  keys: specs.map((spec) => ({ alias: aliasOf(spec), spec, usage: usageOf(spec) })),
  onCall: ({ eventName }) => void trail.push(String(eventName)),
})
const client = new KMSClient({ maxAttempts: 1, ...local.clientConfig })
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-plan-'))
after(async () => {
  rmSync(folder, { recursive: true })
  await local.close()
})
const context = { company: 'Zürich', order: '7' }

async function keysOf(spec) {
  const publisher = createPublisher({ kms: client, keys: [{ key: aliasOf(spec), withArn: true }] })
  const { jwks } = await publisher.documents()
  return importKeySet(jwks, { trust: inHand() })
}

/** How often each operation came since it was asked last. */
function counted() {
  const found = {}
  for (const name of trail.splice(0)) found[name] = (found[name] ?? 0) + 1
  return found
}

/** The calls that the rows of a plan say, in the same form. */
const planned = ({ calls }) =>
  Object.fromEntries(calls.map(({ operation, perDay }) => [operation, perDay]))

async function openerOf(spec, o = {}) {
  const opener = createOpener({ kms: client, keys: [aliasOf(spec)], ...o })
  after(() => opener.close())
  counted()
  await opener.ready()
  assert.deepEqual(counted(), { GetPublicKey: 1 }, 'as a note of the plan says')
  return opener
}

/** Seals files of random bytes. @returns their paths, and how many bytes all have */
async function filesOf(keys, spec, count, size) {
  const paths = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const content = new Blob([randomBytes(size)])
      const { readable } = await sealStream(keys, content.stream(), { context })
      const path = join(folder, `${spec}-${i}`)
      writeFileSync(path, new Uint8Array(await new Response(readable).arrayBuffer()))
      return path
    }),
  )
  return { paths, bytes: paths.reduce((sum, path) => sum + statSync(path).size, 0) }
}

test('300 values by one sealer: the calls and the bytes of the plan', async () => {
  const size = 35
  const sealer = createSealer(await keysOf('ECC_NIST_P256'))
  const jwes = await Promise.all(
    Array.from({ length: 300 }, (_, i) => sealer.seal(String(i).padStart(size, '0'), { context })),
  )
  const o = { values: 300, size, keys: wrong(['ECC_NIST_P256']), perSealer: 300, context }
  const [alone, , grouped] = planCapacity(o).rows
  const opener = await openerOf('ECC_NIST_P256')
  for await (const { opened } of opener.openMany(jwes.map((jwe) => ({ jwe, context }))))
    assert.lengthOf(opened?.text() ?? '', size)
  assert.deepEqual(counted(), planned(grouped))
  for (const jwe of jwes) await opener.open(jwe, { context })
  assert.deepEqual(counted(), planned(alone))
  assert.equal(jwes.join('').length, grouped?.storage?.bytesPerDay)
  assert.equal(grouped?.callsPerDay, 1)
  assert.equal(alone?.callsPerDay, 300)
})

test('40 files to RSA_3072: the calls and the bytes of the plan', async () => {
  const size = 600_000
  const { paths, bytes } = await filesOf(await keysOf('RSA_3072'), 'RSA_3072', 40, size)
  const o = { objects: 40, size, keys: wrong(['RSA_3072']), context, region }
  const [row] = planCapacity(o).rows
  const opener = await openerOf('RSA_3072')
  for (const path of paths) await opener.openFile(path, `${path}.opened`, { context })
  assert.deepEqual(counted(), planned(row))
  assert.equal(bytes, row?.storage?.bytesPerDay)
  assert.equal(bytes - 40 * size, row?.storage?.overheadPerDay)
})

test('20 files to P-256, three times each, with and without a cache: the calls of the plan', async () => {
  const size = 1_000
  const spec = 'ECC_NIST_P256'
  const { paths, bytes } = await filesOf(await keysOf(spec), spec, 20, size)
  const o = { objects: 20, size, keys: wrong([spec]), context, opens: 3 }
  for (const cache of [true, false]) {
    const [row] = planCapacity({ ...o, cache }).rows
    const rules = { entries: 100, maxAge: 60_000, uses: 10 }
    const opener = await openerOf(spec, cache ? { cache: rules } : {})
    for (let time = 0; time < 3; time++)
      for (const path of paths)
        await opener.openFile(path, `${path}.opened-${time}-${cache}`, { context })
    assert.deepEqual(counted(), planned(row))
    assert.equal(row?.callsPerDay, cache ? 20 : 60)
    assert.equal(bytes, row?.storage?.bytesPerDay)
  }
})

for (const spec of specs)
  test(`${spec}: a value and files of several lengths are as long as the plan says`, async () => {
    const keys = await keysOf(spec)
    const sizeOf = (o) => planCapacity({ keys: wrong([spec]), ...o }).rows[0]?.storage?.bytesPerDay
    for (const bound of [{}, context])
      for (const size of [1, 2, 3, 1_000]) {
        const jwe = await seal(keys, 'x'.repeat(size), { context: bound })
        assert.equal(jwe.length, sizeOf({ values: 1, size, context: bound }))
        const frameLength = 500
        const file = new Blob(['x'.repeat(size)]).stream()
        const { readable } = await sealStream(keys, file, { context: bound, frameLength })
        const { byteLength } = await new Response(readable).arrayBuffer()
        assert.equal(byteLength, sizeOf({ objects: 1, size, context: bound, frameLength }))
      }
  })

test('values of one sealer joined by newlines and gzipped: bytes each, as the guide says', async () => {
  const guide = readFileSync(new URL('../../docs/guides/capacity.md', import.meta.url), 'utf8')
  const [, alone, joined] = /(\d+) bytes each, and joined and gzipped (\d+)/.exec(guide) ?? []
  const sealer = createSealer(await keysOf('RSA_3072'))
  const count = 10_000
  const jwes = []
  for (let i = 0; i < count; i++)
    jwes.push(await sealer.seal(`DE02${String(i).padStart(18, '0')}`, { context: { form: 'a' } }))
  const lines = jwes.join('\n')
  assert.equal(Math.round(lines.length / count), Number(alone))
  assert.approximately(gzipSync(lines).length / count, Number(joined), 1)
})
