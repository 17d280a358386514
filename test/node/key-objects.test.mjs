// Keys of node:crypto in importKeySet: public ones are taken, private ones are refused unread.
import { createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto'
import test from 'node:test'
import { assert } from 'chai'
import * as jose from 'jose'
import { importKeySet, inHand, seal } from 'sealdrop'
import { fails } from '../support/host.js'

const trust = inHand()
/** @type {[name: string, make: () => import('node:crypto').KeyPairKeyObjectResult, o: object][]} */
const pairs = [
  ['RSA to seal to', () => generateKeyPairSync('rsa', { modulusLength: 2048 }), { use: 'enc' }],
  [
    'RSA that signs',
    () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    { use: 'sig', alg: 'PS256' },
  ],
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), { use: 'enc' }],
  ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }), { use: 'sig' }],
  ['Ed25519', () => generateKeyPairSync('ed25519'), {}],
]
for (const [name, make, o] of pairs) {
  test(`a KeyObject of ${name} is taken, and its private half refused before it is exported`, async () => {
    const { publicKey, privateKey } = make()
    const keys = importKeySet(publicKey, { trust, ...o })
    const [{ thumbprint }] = await keys.list()
    assert.equal(thumbprint, await jose.calculateJwkThumbprint(await jose.exportJWK(publicKey)))
    if (name === 'P-256') await seal(keys, 'x', { context: {} })
    privateKey.export = () => assert.fail('it was exported')
    const asked = () => importKeySet(privateKey, { trust, ...o })
    await fails(assert, asked, 'invalid_argument', /"private".*pass its public key/)
    const again = importKeySet(createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), {
      trust,
      ...o,
    })
    assert.equal((await again.list())[0].thumbprint, thumbprint)
    const rsa = name.startsWith('RSA')
    const text = rsa ? publicKey.export({ type: 'pkcs1', format: 'pem' }) : undefined
    if (text)
      assert.equal((await importKeySet(text, { trust, ...o }).list())[0].thumbprint, thumbprint)
    const secret = make().privateKey
    for (const source of [
      secret.export({ type: 'pkcs8', format: 'pem' }),
      secret.export({ type: 'pkcs8', format: 'der' }),
    ])
      await fails(assert, () => importKeySet(source, { trust, ...o }), 'keys_malformed', /PRIVATE/)
  })
}

test('a KeyObject of a secret, and of a kind that KMS has not, are refused', async () => {
  const secret = createSecretKey(Buffer.alloc(32))
  await fails(assert, () => importKeySet(secret, { trust }), 'invalid_argument', /"secret"/)
  const { publicKey } = generateKeyPairSync('x25519')
  await fails(assert, () => importKeySet(publicKey, { trust }), 'unsupported_algorithm')
})
