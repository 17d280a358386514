// Verify with signatures that KMS itself would not make: the private key is read from the folder of
// the server.
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateEncrypt,
  sign,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, there } from './helpers.mjs'

let dir
/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sealdrop-kms-verify-'))
  local = await startLocalKms({
    dir,
    keys: [
      { alias: 'rsa', spec: 'RSA_2048', usage: 'SIGN_VERIFY' },
      ...['P256', 'P384', 'P521'].map((name) => ({
        alias: name,
        spec: `ECC_NIST_${name}`,
        usage: 'SIGN_VERIFY',
      })),
    ],
  })
  kms = clientOf(local)
})
after(async () => {
  await local.close()
  rmSync(dir, { recursive: true })
})

const privateKey = (alias) =>
  createPrivateKey(
    JSON.parse(
      readFileSync(join(dir, 'us-east-1', `${local.keys[alias].split('/')[1]}.json`), 'utf8'),
    ).materials[0].key,
  )
const message = Buffer.from('signed elsewhere')
const digest = createHash('sha256').update(message).digest()
const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const valid = (alias, SigningAlgorithm, Signature) =>
  kms('Verify', { KeyId: `alias/${alias}`, Message: message, Signature, SigningAlgorithm }).then(
    ({ SignatureValid }) => SignatureValid,
    (e) => e.name,
  )
const rawRsa = (encoded) =>
  privateEncrypt({ key: privateKey('rsa'), padding: constants.RSA_NO_PADDING }, encoded)
const padded = (tail, first = [0, 1]) =>
  Buffer.concat([Buffer.from(first), Buffer.alloc(256 - 3 - tail.length, 0xff), Buffer.of(0), tail])

test('signatures of node:crypto with the same key verify', async () => {
  for (const bits of [256, 384, 512]) {
    assert.strictEqual(
      await valid(
        'rsa',
        `RSASSA_PSS_SHA_${bits}`,
        sign(`sha${bits}`, message, {
          key: privateKey('rsa'),
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: bits / 8,
        }),
      ),
      true,
    )
    assert.strictEqual(
      await valid(
        'rsa',
        `RSASSA_PKCS1_V1_5_SHA_${bits}`,
        sign(`sha${bits}`, message, privateKey('rsa')),
      ),
      true,
    )
  }
  for (const [alias, bits] of [
    ['P256', 256],
    ['P384', 384],
    ['P521', 512],
  ]) {
    for (let i = 0; i < 8; i++)
      assert.strictEqual(
        await valid(alias, `ECDSA_SHA_${bits}`, sign(`sha${bits}`, message, privateKey(alias))),
        true,
      )
  }
})

test('a PKCS1 signature is compared whole: loose encodings that carry the right digest do not verify', async () => {
  const whole = Buffer.concat([info, digest])
  assert.strictEqual(await valid('rsa', 'RSASSA_PKCS1_V1_5_SHA_256', rawRsa(padded(whole))), true)
  const noNull = Buffer.concat([
    Buffer.from('302f300b0609608648016503040201', 'hex'),
    Buffer.from('0420', 'hex'),
    digest,
  ])
  const short = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(8, 0xff), Buffer.of(0), whole])
  const loose = {
    noNull: padded(noNull),
    garbageBehind: Buffer.concat([short, Buffer.alloc(256 - short.length)]),
    type2: padded(whole, [0, 2]),
    bare: padded(digest),
  }
  for (const [name, encoded] of Object.entries(loose))
    assert.strictEqual(
      await valid('rsa', 'RSASSA_PKCS1_V1_5_SHA_256', rawRsa(encoded)),
      'KMSInvalidSignatureException',
      name,
    )
})

test('a PSS signature with a salt of another length does not verify', async () => {
  for (const saltLength of [0, 20, 222]) {
    assert.strictEqual(
      await valid(
        'rsa',
        'RSASSA_PSS_SHA_256',
        sign('sha256', message, {
          key: privateKey('rsa'),
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength,
        }),
      ),
      'KMSInvalidSignatureException',
    )
  }
})

test('numbers outside the modulus, zeros and wrong lengths are invalid signatures, not crashes', async () => {
  const jwk = createPublicKey(privateKey('rsa')).export({ format: 'jwk' })
  const n = Buffer.from(there(jwk.n), 'base64url')
  for (const algorithm of ['RSASSA_PSS_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_512']) {
    for (const signature of [
      n,
      Buffer.alloc(256),
      Buffer.alloc(256, 255),
      Buffer.alloc(255, 1),
      Buffer.alloc(257, 1),
      Buffer.alloc(1),
      Buffer.alloc(6144, 1),
    ]) {
      assert.strictEqual(await valid('rsa', algorithm, signature), 'KMSInvalidSignatureException')
    }
  }
  const good = sign('sha256', message, privateKey('P256'))
  const ecdsa = {
    zeros: Buffer.from('3006020100020100', 'hex'),
    ones: Buffer.from('3006020101020101', 'hex'),
    trailing: Buffer.concat([good, Buffer.of(0)]),
    cut: good.subarray(0, -1),
    p1363: sign('sha256', message, { key: privateKey('P256'), dsaEncoding: 'ieee-p1363' }),
    one: Buffer.of(1),
  }
  for (const [name, signature] of Object.entries(ecdsa))
    assert.strictEqual(
      await valid('P256', 'ECDSA_SHA_256', signature),
      'KMSInvalidSignatureException',
      name,
    )
})
