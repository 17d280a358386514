// What a signer signs for others never passes for a token, against the local KMS.
import test from 'node:test'
import { assert } from 'chai'
import { importKeySet, inHand, verify, verifyJwt } from 'sealdrop'
import { createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails } from '../support/host.js'

/** @import { Value } from 'sealdrop' */

/** A signer of a local KMS, and the set of its key. */
async function signing(t) {
  const key = 'alias/receipts'
  const local = await startLocalKms({
    keys: [{ alias: key, spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  t.after(() => local.close())
  const kms = local.clientConfig
  const signer = createSigner({ kms, key })
  t.after(() => signer.close())
  const keys = importKeySet(await publicJwk({ kms, key }), { trust: inHand() })
  return { signer, keys }
}

test('what sign makes passes for no JWT, whatever was signed, and verify reads it as before', async (t) => {
  const { signer, keys } = await signing(t)
  const claims = { iss: 'us', aud: 'you', exp: Math.floor(Date.now() / 1000) + 3_600 }
  const bytes = new TextEncoder().encode(JSON.stringify(claims))
  const expected = { issuer: 'us', audience: 'you' }
  /** @type {[payload: Value, cty: string][]} */
  const rows = [
    [claims, 'json'],
    [JSON.stringify(claims), 'text/plain;charset=utf-8'],
    [bytes, 'octet-stream'],
    [bytes.buffer, 'octet-stream'],
  ]
  for (const [payload, cty] of rows)
    for (const typ of [undefined, 'JWT', 'at+jwt']) {
      const jws = await signer.sign(payload, { typ })
      for (const o of [expected, { ...expected, typ }])
        await fails(assert, verifyJwt(keys, jws, o), 'rejected', /without cty/)
      const found = await verify(keys, jws)
      assert.equal(found.header.cty, cty)
      assert.deepEqual([...found.bytes], [...bytes])
      if (cty !== 'text/plain;charset=utf-8') assert.deepEqual(found.json(), claims)
      if (cty !== 'json') assert.equal(found.text(), JSON.stringify(claims))
    }
  const token = await signer.signJwt({ iss: 'us', aud: 'you' }, { expiresIn: 60_000 })
  await verifyJwt(keys, token, expected)
})

test('claims are signed as JSON shows them, and always with iat and exp', async (t) => {
  const { signer, keys } = await signing(t)
  class User {
    iss = 'us'
    aud = 'you'
    passwordHash = 'not for clients'
    toJSON() {
      const { iss, aud } = this
      return { iss, aud }
    }
  }
  const own = { iss: 'us', aud: 'you', toJSON: () => ({ ...own }) }
  for (const claims of [new User(), own]) {
    const token = await signer.signJwt(claims, { expiresIn: 60_000 })
    const expected = { issuer: 'us', audience: 'you', maxAge: 60_000 }
    const found = await verifyJwt(keys, token, expected)
    assert.sameMembers(Object.keys(found.claims), ['iss', 'aud', 'iat', 'exp'])
  }
  const dated = { toJSON: () => ({ exp: 1 }) }
  class Hidden {
    #sub = 'hidden'
    get sub() {
      return this.#sub
    }
  }
  for (const claims of [dated, new Hidden()])
    await fails(assert, signer.signJwt(claims, { expiresIn: 1 }), 'invalid_argument', /^claims: /)
})
