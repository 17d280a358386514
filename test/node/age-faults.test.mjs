// Single faults of the stanza p256tag, and who is asked after one: each argument, length, point,
// tag and body of a good file is changed, and every class is the expected one.
import test from 'node:test'
import { createHmac, createHash, hkdfSync } from 'node:crypto'
import { assert } from 'chai'
import { createAgeOpener } from 'sealdrop/age'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { fromRawBase64, toRawBase64 } from '#dist/age/base64.js'
import { headerBytes, parseHeader } from '#dist/age/header.js'
import { headerMac } from '#dist/age/file-key.js'
import { pointAs, pointOf } from '#dist/age/p256.js'
import { wrapTagged } from '#dist/age/p256tag.js'
import { ageWorld, bytesOf, codeOf, plaintextOf, sealed } from '../support/age-world.mjs'
import { present } from '../support/types.mjs'

const world = await ageWorld()
const { client, since, recipients, jwks } = world
test.after(() => world.close())
const both = createAgeOpener({ kms: client, keys: ['alias/claims', 'alias/second'] })
await both.ready()

const plaintext = plaintextOf(100)
const file = await sealed(recipients.claims, plaintext)
const header = present(parseHeader(new Uint8Array(file), 128))
const stanza = present(header.stanzas[0])
const decoded = (at) => present(fromRawBase64(present(stanza.args[at])))
const tag = decoded(0)
const enc = decoded(1)

/** The file with other stanzas; its MAC is the old one, which nobody can renew without the file key. */
const withStanzas = (...stanzas) =>
  Buffer.concat([headerBytes(stanzas, () => header.mac), file.subarray(header.length)])

const compressedOf = (jwk) => present(pointAs('compressed', pointOf(jwk)))

/** The point of the first stanza of a file. */
const enc65 = (bytes) =>
  present(fromRawBase64(present(parseHeader(new Uint8Array(bytes), 128)?.stanzas[0]?.args[1])))

/** The tag of a recipient beside a point, as anybody can compute it. */
function tagFor(jwk, point) {
  const hash = createHash('sha256').update(compressedOf(jwk)).digest().subarray(0, 4)
  return createHmac('sha256', 'age-encryption.org/p256tag')
    .update(Buffer.concat([point, hash]))
    .digest()
    .subarray(0, 4)
}

const made = (args, body = stanza.body) => ({ type: 'p256tag', args, body })
const text = (bytes) => toRawBase64(bytes)
const bit = (bytes, at, mask = 1) => bytes.map((byte, i) => (i === at ? byte ^ mask : byte))
const pointWith = (first) => Buffer.concat([Buffer.from([first]), enc.subarray(1)])
/** Base64 with unused bits set, which decodes to the same bytes where nobody looks. */
const loose = (value) => `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'R'}`
const encText = text(enc)

const faults = {
  'no arguments': made([]),
  'one argument': made([text(tag)]),
  'four arguments': made([text(tag), encText, 'x']),
  'arguments in another order': made([encText, text(tag)]),
  'a tag of 3 bytes': made([text(tag.subarray(0, 3)), encText]),
  'a tag of 5 bytes': made([text([...tag, 0]), encText]),
  'a tag with padding': made([`${text(tag)}==`, encText]),
  'a tag that is not canonical': made([loose('AAAAAA'), encText]),
  'a tag in base64url': made(['--__AA', encText]),
  'a point of 64 bytes': made([text(tag), text(enc.subarray(0, 64))]),
  'a point of 66 bytes': made([text(tag), text([...enc, 0])]),
  'a compressed point': made([text(tag), text(present(pointAs('compressed', enc)))]),
  'a point that begins with 02': made([text(tag), text(pointWith(2))]),
  'a point that begins with 06': made([text(tag), text(pointWith(6))]),
  'a point that begins with 00': made([text(tag), text(pointWith(0))]),
  'a point off the curve': made([text(tag), text(bit(enc, 64))]),
  'a point off the curve, with its tag': made([
    text(tagFor(jwks.claims, bit(enc, 64))),
    text(bit(enc, 64)),
  ]),
  'a point of zeros': made([text(tag), text([4, ...new Uint8Array(64)])]),
  'a point beyond the field': made([text(tag), text([4, ...new Uint8Array(64).fill(255)])]),
  'a body of 31 bytes': made(stanza.args, stanza.body.subarray(0, 31)),
  'a body of 33 bytes': made(stanza.args, new Uint8Array([...stanza.body, 0])),
  'an empty body': made(stanza.args, new Uint8Array()),
}

for (const [name, wrong] of Object.entries(faults))
  test(`${name}: malformed, before KMS`, async () => {
    since()
    assert.equal(await codeOf(both.openStream(withStanzas(wrong))), 'malformed')
    assert.equal(
      await codeOf(both.openStream(withStanzas(stanza, wrong))),
      'malformed',
      'a good stanza beside it makes it no better',
    )
    assert.deepEqual(since(), [])
  })

test('another tag is for others', async () => {
  since()
  for (let at = 0; at < 32; at++) {
    const other = made([text(bit(tag, at >> 3, 1 << (at & 7))), encText])
    assert.equal(await codeOf(both.openStream(withStanzas(other))), 'key_not_found')
  }
  assert.equal(
    await codeOf(both.openStream(withStanzas({ ...stanza, type: 'P256TAG' }))),
    'key_not_found',
  )
  assert.deepEqual(since(), [])
})

test('a changed body and a changed MAC are one error, after one call', async () => {
  const errors = []
  const wrong = [
    ...[0, 15, 16, 31].map((at) => withStanzas(made(stanza.args, bit(stanza.body, at)))),
    Buffer.concat([headerBytes([stanza], () => bit(header.mac, 0)), file.subarray(header.length)]),
    withStanzas(stanza, { type: 'grease', args: [], body: new Uint8Array() }),
    withStanzas(stanza, stanza),
  ]
  for (const bytes of wrong) {
    since()
    errors.push(await both.openStream(bytes).catch(({ code, message }) => ({ code, message })))
    assert.deepEqual(since(), ['DeriveSharedSecret'])
  }
  assert.equal(errors[0].code, 'rejected')
  for (const error of errors) assert.deepEqual(error, errors[0])
})

test('another point with its tag is rejected, after one call', async () => {
  const other = await sealed(recipients.claims, plaintext)
  const point = enc65(other)
  since()
  const wrong = made([text(tagFor(jwks.claims, point)), text(point)])
  assert.equal(await codeOf(both.openStream(withStanzas(wrong))), 'rejected')
  assert.deepEqual(since(), ['DeriveSharedSecret'])
})

test('there is one answer a file, however many tags match', async () => {
  const wrong = made(stanza.args, bit(stanza.body, 0))
  since()
  const many = withStanzas(...Array.from({ length: 127 }, () => wrong), stanza)
  assert.equal(await codeOf(both.openStream(many)), 'rejected')
  assert.deepEqual(since(), ['DeriveSharedSecret'])
})

test('the next stanza is tried after a key that is disabled, in the order of the file', async () => {
  const KeyId = 'alias/claims'
  const arn = (await both.openStream(file)).key.arn
  const two = await sealed([recipients.claims, recipients.second], plaintext)
  await client.send(new DisableKeyCommand({ KeyId: arn }))
  try {
    since()
    const { readable, key } = await both.openStream(two)
    assert.deepEqual(await bytesOf(readable), plaintext)
    assert.notEqual(key.arn, arn)
    assert.deepEqual(since(), ['DeriveSharedSecret', 'DeriveSharedSecret'])
    assert.equal(await codeOf(both.openStream(file)), 'key_unusable', KeyId)
  } finally {
    await client.send(new EnableKeyCommand({ KeyId: arn }))
  }
})

test('a good stanza behind a forged one is not tried', async () => {
  const fileKey = new Uint8Array(16)
  const own = wrapTagged(fileKey, compressedOf(jwks.second))
  const forged = { ...own, body: bit(own.body, 0) }
  const bytes = Buffer.concat([
    headerBytes([forged, own], (authentic) => headerMac(fileKey, authentic)),
    Buffer.alloc(48),
  ])
  since()
  assert.equal(await codeOf(both.openStream(bytes)), 'rejected')
  assert.deepEqual(since(), ['DeriveSharedSecret'])
})

test('a passphrase beside another stanza is malformed', async () => {
  const scrypt = { type: 'scrypt', args: ['A'.repeat(22), '10'], body: new Uint8Array(32) }
  since()
  for (const bytes of [
    withStanzas(stanza, scrypt),
    withStanzas(scrypt, stanza),
    withStanzas(scrypt, scrypt),
  ])
    assert.equal(await codeOf(both.openStream(bytes)), 'malformed')
  assert.equal(await codeOf(both.openStream(withStanzas(scrypt))), 'key_not_found')
  assert.deepEqual(since(), [])
})

test('every bit of a header is looked at', async () => {
  for (let at = 0; at < header.length; at++) {
    const changed = Buffer.from(file)
    changed[at] ^= 1 << (at % 8)
    assert.isOk(await codeOf(both.openStream(changed)), `byte ${at}`)
  }
  const nonce = Buffer.from(file)
  nonce[header.length] ^= 1
  const { readable } = await both.openStream(nonce)
  assert.equal(await codeOf(bytesOf(readable)), 'rejected')
})

test('what is derived is what the specification says', () => {
  const fileKey = Buffer.alloc(16, 7)
  const key = Buffer.from(hkdfSync('sha256', fileKey, '', 'header', 32))
  const mac = createHmac('sha256', key).update('x').digest()
  assert.deepEqual(Buffer.from(headerMac(fileKey, new Uint8Array([0x78]))), mac)
})
