import { bitsOf } from '../support/bits.js'
import { keySetOf, publicJwk } from '../support/host.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'

const parts = ['header', 'encrypted key', 'IV', 'ciphertext', 'tag']
const closedList = [
  'malformed',
  'unsupported_algorithm',
  'key_not_found',
  'context_mismatch',
  'too_large',
  'expired',
  'rejected',
]

const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

/**
 * No changed value opens: every bit of every part, every bit of the text, every truncation.
 *
 * @param {import('../support/host.js').Host} host
 */
export function tamperSuite(host) {
  const { test, assert, door, jose } = host
  const decode = (text) => jose.base64url.decode(text)
  const context = { a: 'b' }

  for (const name of ['RSA-2048-enc', 'P-256-enc']) {
    const setUp = async () => {
      const keys = door.importKeySet(keySetOf(publicJwk(name)), { trust: door.inHand() })
      const { opener } = await openerOver(host, { [arnOf(name)]: name })
      return { opener, jwe: await door.seal(keys, 'secret', { context }) }
    }
    const codeOf = (opener, jwe) =>
      opener.open(jwe, { context }).then(
        () => 'opened',
        (error) => (error.name === 'SealdropError' ? error.code : `${error}`),
      )

    /** Whether an encrypted key is not below the modulus, which is seen before KMS is asked. */
    const isTooLarge = (index, bytes) => {
      const { n } = publicJwk(name)
      return index === 1 && n !== undefined && hexOf(bytes) >= hexOf(decode(n))
    }

    test(`every bit flipped in every part of a value for ${name}: none opens, and key, IV, ciphertext and tag are rejected`, async () => {
      const { opener, jwe } = await setUp()
      const segments = jwe.split('.')
      let flips = 0
      for (const [index, part] of parts.entries()) {
        const bytes = decode(segments[index])
        for (const bit of bitsOf(host, bytes.length * 8)) {
          const changed = bytes.slice()
          changed[bit >> 3] ^= 1 << (bit & 7)
          const code = await codeOf(
            opener,
            segments.with(index, jose.base64url.encode(changed)).join('.'),
          )
          const expected = isTooLarge(index, changed) ? ['malformed'] : ['rejected']
          assert.include(index === 0 ? closedList : expected, code, `${part}, bit ${bit}`)
          flips++
        }
      }
      const bits = segments.map((segment) => decode(segment).length * 8)
      assert.equal(flips, sum(bits.map((count) => (host.whole ? count : Math.ceil(count / 16)))))
      assert.equal(await codeOf(opener, jwe), 'opened')
    })

    test(`every bit flipped in the text of a value for ${name}, and every truncation: none opens`, async () => {
      const { opener, jwe } = await setUp()
      const flips = bitsOf(host, jwe.length * 8)
      assert.lengthOf(flips, host.whole ? jwe.length * 8 : Math.ceil(jwe.length / 2))
      for (const flip of flips) {
        const at = flip >> 3
        const turned = String.fromCharCode(jwe.charCodeAt(at) ^ (1 << (flip & 7)))
        const changed = jwe.slice(0, at) + turned + jwe.slice(at + 1)
        assert.include(closedList, await codeOf(opener, changed), `bit ${flip} of the text`)
      }
      for (const at of bitsOf(host, jwe.length))
        assert.include(closedList, await codeOf(opener, jwe.slice(0, at)), `cut at ${at}`)
    })
  }
}
