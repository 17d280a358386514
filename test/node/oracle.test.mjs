// Whoever sends wrong values and files learns nothing by how they fail: whatever a private key or a
// data key decides looks the same (class B), and what public bytes decide costs nothing (class A).
import test, { after } from 'node:test'
import { assert } from 'chai'
import * as jose from 'jose'
import { createSealer, importKeySet, inHand, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { headerOf, pattern, streamBytes } from '../support/sealed-files.js'

const specs = /** @type {const} */ ({
  ecc: { alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  rsa: { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
})
const operation = { ecc: 'DeriveSharedSecret', rsa: 'Decrypt' }
const others = Object.values(specs).map((row) => ({ ...row, alias: `${row.alias}-other` }))
const local = await startLocalKms({ keys: [...Object.values(specs), ...others] })
const { client, since } = countingKms(local.clientConfig)
after(() => local.close())
const aliases = Object.values(specs).map(({ alias }) => alias)
const publish = async (key) => {
  const { jwks } = await createPublisher({
    kms: client,
    keys: [{ key, withArn: true }],
  }).documents()
  return { jwk: JSON.parse(jwks).keys[0], set: importKeySet(jwks, { trust: inHand() }) }
}
const context = { form: 'claim' }

/** An opener, and all that it asked of KMS and of its store. */
async function observed(withStore) {
  const asked = /** @type {string[]} */ ([])
  const events = /** @type {any[]} */ ([])
  const note = (name, answer) => async () => (asked.push(...since(), name), answer)
  const store = {
    maxAge: 60_000,
    replay: { seen: note('seen', false), claim: note('claim', true) },
  }
  const opener = createOpener({
    kms: client,
    keys: aliases,
    onEvent: (event) => events.push(event),
    ...(withStore && store),
  })
  await opener.ready()
  since()
  return { opener, events, asked: () => [...asked.splice(0), ...since()] }
}

/** What somebody can see of how one item of a run failed. */
async function seenOf({ asked, events }, outcomes) {
  const found = /** @type {any[]} */ ([])
  for await (const outcome of outcomes) found.push(outcome)
  assert.lengthOf(found, 1)
  const { error } = found[0]
  const facts = { ...error, message: error?.message, cause: error?.cause }
  const told = events.splice(0).filter(({ event }) => event === 'failed')
  return { facts, codes: told.map(({ code, whose }) => [code, whose]), asked: asked() }
}

const flip = (bytes, at) => {
  const other = new Uint8Array(bytes)
  other[(at + other.length) % other.length] ^= 1 << (Math.abs(at) % 8)
  return other
}
const bytesOf = (part) => jose.base64url.decode(part)
/** The value with one of its parts changed: 0 is the header. */
const withPart = (jwe, at, change) => {
  const parts = jwe.split('.')
  parts[at] = jose.base64url.encode(change(bytesOf(parts[at])))
  return parts.join('.')
}
const withHeader = (jwe, change) =>
  withPart(jwe, 0, (bytes) => {
    const header = JSON.parse(new TextDecoder().decode(bytes))
    return new TextEncoder().encode(JSON.stringify({ ...header, ...change(header) }))
  })
const flips = (jwe, part, places) =>
  places.map((at) => withPart(jwe, part, (bytes) => flip(bytes, at)))
/** The value with parts of another one. */
const spliced = (jwe, other, places) =>
  jwe
    .split('.')
    .map((part, i) => (places.includes(i) ? other.split('.')[i] : part))
    .join('.')

/** Sealed by somebody who has only another key, and names ours. */
async function toAnother(jwk, ours) {
  const alg = jwk.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW'
  const { kid } = ours
  const iat = Math.floor(Date.now() / 1000)
  const header = { alg, enc: 'A256GCM', kid, ctx: context, iat, jti: 'other' }
  const key = await jose.importJWK({ ...jwk, use: undefined, key_ops: undefined }, alg)
  return new jose.CompactEncrypt(new TextEncoder().encode('DE02'))
    .setProtectedHeader(header)
    .encrypt(key)
}

/** Values that only a key can tell from a good one. */
async function wrongValues(kind, { jwk, set }) {
  const sealers = [createSealer(set), createSealer(set)]
  const [one, other] = await Promise.all(sealers.map((sealer) => sealer.seal('DE02', { context })))
  const another = await publish(`${specs[kind].alias}-other`)
  const last = kind === 'rsa' ? [100, 200, 255, -2, -50] : [0, 1, 19, 38, 39]
  return [
    ...flips(one, 1, last),
    ...flips(one, 2, [0, 5, 11]),
    ...flips(one, 3, [0, 1, -1]),
    ...flips(one, 4, [0, 3, 7, 12, 15]),
    withPart(one, 3, (bytes) => bytes.slice(0, -1)),
    withPart(one, 3, (bytes) => new Uint8Array([...bytes, 0])),
    withPart(one, 3, () => new Uint8Array()),
    withHeader(one, ({ iat }) => ({ iat: iat - 1 })),
    withHeader(one, () => ({ jti: 'another' })),
    ...[[1], [2, 3, 4], [2], [3], [4]].map((places) => spliced(one, other, places)),
    await toAnother(another.jwk, jwk),
  ]
}

/** Values that public bytes tell from a good one. */
async function publicValues({ set }) {
  const one = await createSealer(set).seal('DE02', { context })
  return [
    'not sealed',
    one.slice(0, one.lastIndexOf('.')),
    `${one}.`,
    `${one}=`,
    withPart(one, 2, (bytes) => bytes.slice(1)),
    withPart(one, 4, (bytes) => bytes.slice(1)),
    withPart(one, 1, (bytes) => bytes.slice(1)),
    withPart(one, 1, (bytes) => new Uint8Array([...bytes, 0])),
    withHeader(one, () => ({ kid: 'A'.repeat(43) })),
    withHeader(one, () => ({ alg: 'dir' })),
    withHeader(one, () => ({ enc: 'A128CBC-HS256' })),
    withHeader(one, () => ({ zip: 'DEF' })),
    withHeader(one, () => ({ crit: ['exp'] })),
    withHeader(one, () => ({ ctx: { form: 'other' } })),
    withHeader(one, () => ({ iat: 1 })),
    withHeader(one, () => ({ iat: undefined })),
    withHeader(one, ({ epk }) => (epk ? { epk: { ...epk, x: epk.y } } : { alg: 'RSA1_5' })),
  ]
}

/** Where the encrypted data key of a message lies: that of its only recipient. */
function dataKeyOf(message) {
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  let at = 37 + view.getUint16(35) + 2
  for (let i = 0; i < 2; i++) at += 2 + view.getUint16(at)
  const length = view.getUint16(at)
  return { from: at + 2, to: at + 2 + length }
}
const replaced = (message, from, bytes) => {
  const other = message.slice()
  other.set(bytes, from)
  return other
}
const sealedTo = async (set) =>
  streamBytes((await sealStream(set, pattern(3_000), { context, frameLength: 1_000 })).readable)

/** Files that only a key can tell from a good one. */
async function wrongFiles(kind, { set }) {
  const [one, other] = await Promise.all([sealedTo(set), sealedTo(set)])
  const { from, to } = dataKeyOf(one)
  const { length } = headerOf(one)
  const header = one.slice(0, length)
  const wrapped = kind === 'rsa' ? [100, 200, to - from - 1] : [0, 31, 32, 63, 64, to - from - 1]
  const frame = length + 16
  return [
    ...[3, 20, 34].map((at) => flip(one, at)),
    ...wrapped.map((at) => flip(one, from + at)),
    ...[1, 16, 32].map((at) => flip(one, length - 16 - at)),
    ...[1, 8, 16].map((at) => flip(one, length - at)),
    replaced(one, from, other.slice(from, to)),
    replaced(one, 0, other.slice(0, length)),
    replaced(one, length, other.slice(length)),
    replaced(one, length - 16, other.slice(length - 16, length)),
    replaced(one, 3, other.slice(3, 35)),
    // the header opens, and its frames do not
    ...[0, 500, 999, 1_000, 1_015].map((at) => flip(one, frame + at)),
    ...[1, 16, 17].map((at) => flip(one, -at)),
    replaced(one, frame, one.slice(frame + 1_032, frame + 1_032 + 1_016)),
    new Uint8Array([...header, ...other.slice(length)]),
  ]
}

/** Files that public bytes tell from a good one, before anybody is asked. */
async function publicFiles({ set }) {
  const one = await sealedTo(set)
  const { length } = headerOf(one)
  const { from } = dataKeyOf(one)
  return [
    new Uint8Array(),
    one.slice(0, 10),
    one.slice(0, length - 1),
    flip(one, 0),
    flip(one, 1),
    flip(one, 2),
    flip(one, 40),
    flip(one, from - 2),
    replaced(one, length - 53, [1]),
    replaced(one, length - 52, [0, 0, 0, 0]),
    replaced(one, length - 52, [255, 255, 255, 255]),
    replaced(one, from - 35, [7]),
  ]
}

/** What is opened in a run of its own, so that each costs what it costs. */
const values = {
  wrong: wrongValues,
  publicly: publicValues,
  run: (opener, jwe) => opener.openMany([{ jwe, context }]),
}
const sink = async ({ readable }) => streamBytes(readable)
const files = {
  wrong: wrongFiles,
  publicly: publicFiles,
  run: (opener, source) => opener.openManyFiles([{ source, context, sink }]),
}

for (const [what, { wrong, publicly, run }] of Object.entries({ values, files }))
  for (const kind of /** @type {const} */ (['ecc', 'rsa'])) {
    const stored = what === 'values' ? ['seen'] : []

    test(`class B, ${what} under ${kind}: over twenty causes, one way to fail`, async () => {
      const world = await observed(what === 'values')
      const causes = await wrong(kind, await publish(specs[kind].alias))
      assert.isAtLeast(causes.length, 20)
      since()
      for (const [i, cause] of causes.entries()) {
        const seen = await seenOf(world, run(world.opener, cause))
        assert.deepEqual(
          seen,
          {
            facts: {
              name: 'SealdropError',
              code: 'rejected',
              retryable: false,
              whose: 'sender',
              message: 'this does not open: it was changed on its way, or not sealed for this key',
              cause: undefined,
            },
            codes: [['rejected', 'sender']],
            asked: [...stored, operation[kind]],
          },
          `cause ${i}`,
        )
      }
    })

    test(`class A, ${what} under ${kind}: no call of KMS, and no claim`, async () => {
      const world = await observed(what === 'values')
      const causes = await publicly(await publish(specs[kind].alias))
      assert.isAtLeast(causes.length, 12)
      since()
      for (const [i, cause] of causes.entries()) {
        const { facts, asked } = await seenOf(world, run(world.opener, cause))
        assert.notInclude([undefined, 'rejected', 'closed'], facts.code, `cause ${i}`)
        assert.deepEqual(asked, [], `cause ${i}: ${facts.code}`)
      }
    })
  }
