import { fails, keySetOf, keysInHand, publicJwk } from '../support/host.js'
import { rawSign, text } from '../support/sign.js'
import { signers } from '../support/signature-keys.js'
import { wrong } from '../support/types.mjs'

/**
 * What is said of what people hand over by mistake.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function wordsOfMistakesSuite(host) {
  const { test, assert, door } = host
  const { importKeySet, inHand, pinned, seal, sealStream } = door
  const keys = keysInHand(door, 'RSA-2048-enc')
  const context = {}

  test('a File, FormData, Map or Promise given to seal is told what to do', async () => {
    const file = new Blob(['x'])
    const given = /** @type {const} */ ([
      [file, /^value: JSON cannot carry Blob: .*sealStream a File/],
      [{ a: file }, /^value\.a: JSON cannot carry Blob: .*sealStream a File/],
      [new FormData(), /FormData: .*Object\.fromEntries\(FormData\)/],
      [Promise.resolve('x'), /Promise: await a Promise/],
    ])
    for (const [value, why] of given) {
      const sealing = seal(keys, wrong(value), { context })
      // what has toJSON is sealed as that says, as FormData has in Bun and nowhere else
      if ('toJSON' in value) assert.match(await sealing, /^eyJ/)
      else await fails(assert, sealing, 'invalid_argument', why)
    }
  })

  test('a context says which member is no string, and never a value', async () => {
    for (const value of [42, null, undefined, { hidden: 1 }, '\ud800hidden']) {
      const given = wrong({ form: 'hidden', customer: value })
      const why = /^context "customer": expected a string.*found/
      for (const work of [
        seal(keys, 'x', { context: given }),
        sealStream(keys, new Blob(['x']), { context: given }),
      ]) {
        const { message } = await fails(assert, work, 'invalid_argument', why)
        assert.notMatch(message, /hidden|42/)
      }
    }
  })

  test('a path given to sealStream is told how it becomes a source', async () => {
    for (const source of ['report.pdf', new URL('file:///report.pdf')]) {
      const sealed = sealStream(keys, wrong(source), { context })
      await fails(assert, sealed, 'invalid_argument', /fileSource\(path\)/)
    }
  })

  test('a set of which nothing is pinned says which thumbprints it has', async () => {
    const jwks = ['RSA-2048-enc', 'P-256-enc'].map((name) => publicJwk(name))
    const set = importKeySet(keySetOf(...jwks), { trust: inHand() })
    const thumbprints = (await set.list()).map(({ thumbprint }) => thumbprint)
    const trust = pinned(['A'.repeat(43)])
    const { message } = await fails(
      assert,
      importKeySet(keySetOf(...jwks), { trust }).ready(),
      'keys_untrusted',
    )
    for (const thumbprint of thumbprints) assert.include(message, thumbprint)
  })

  test('a key that lacks a member, or has a certificate only, says so', async () => {
    const ec = publicJwk('P-256-enc')
    const rsa = publicJwk('RSA-2048-enc')
    const lacking = /** @type {const} */ ([
      [{ kty: 'RSA', use: 'sig', x5c: ['MII'] }, /RSA exponent undefined.*x5c is not read/],
      [{ ...rsa, n: undefined }, /member n: .*found undefined/],
      [{ ...rsa, e: undefined }, /RSA exponent undefined/],
      [{ ...ec, crv: undefined }, /EC undefined/],
      [{ ...ec, kty: undefined }, /undefined P-256/],
      [{ ...ec, y: undefined }, /member y: .*found undefined/],
      [{ ...ec, x: 'AAAA' }, /member x: expected 32 bytes .*found 3/],
      [{ kty: 'AKP', pub: 'AAAA' }, /AKP undefined/],
    ])
    for (const [jwk, why] of lacking) {
      const set = importKeySet(keySetOf(jwk), { trust: inHand() })
      await fails(assert, set.ready(), 'no_usable_key', why)
    }
  })

  test('DER where r and s belong, and the reverse, are told by their length', async () => {
    const { keysOf } = signers(host)
    const raw = await rawSign('ES256', text.encode('m'))
    const o = { message: 'm', alg: 'ES256' }
    const asDer = door.verifySignature(keysOf('ES256'), { ...o, signature: raw })
    await fails(assert, asDer, 'malformed', /these are r and s: pass encoding: 'ieee-p1363'/)
    const signature = new Uint8Array(71).fill(1)
    const asRaw = { ...o, signature, encoding: /** @type {const} */ ('ieee-p1363') }
    const given = door.verifySignature(keysOf('ES256'), asRaw)
    await fails(assert, given, 'malformed', /64 bytes of r and s, found 71: DER goes without/)
    const other = { ...o, signature: new Uint8Array(63) }
    const { message } = await fails(
      assert,
      door.verifySignature(keysOf('ES256'), other),
      'malformed',
    )
    assert.notMatch(message, /r and s/)
  })

  test('a file with another date is told as that, since choosing it again does not help', async () => {
    const onCurve = keysInHand(door, 'P-256-enc')
    let kept
    const records = {
      create: async (_id, start) => {
        kept = { start, tags: new Map() }
      },
      append: async () => {},
      load: async () => kept,
      remove: async () => {},
    }
    const file = (lastModified) => new File(['abc'], 'a', { lastModified })
    const sealer = await door.createFileSealer(onCurve, file(1), { context, records })
    await sealer.close()
    const again = door.restoreFileSealer(onCurve, records, sealer.messageId, file(2))
    const { message } = await fails(assert, again, 'source_changed', /another size or date/)
    assert.notMatch(message, /choose it again/)
  })
}
