// Every bit of a token of ML-DSA: up to 38,000 verifications each, so only where Node has the
// algorithm itself; otherwise said to be skipped. `npm test` turns one of 16 bits, drawn anew each
// time; `npm run test:soak` turns all.
import test from 'node:test'
import { assert } from 'chai'
import { importKeySet, inHand, verify } from 'sealdrop'
import { mlDsa } from 'sealdrop/ml-dsa'
import { keySetOf, publicJwk } from '../support/host.js'
import { generator } from '../support/generator.mjs'
import { signJws } from '../support/sign.js'
import { amount, givenSeed, seedLine } from '../support/soak.mjs'

const native = await crypto.subtle
  .importKey('jwk', publicJwk('ML-DSA-44-sig', { use: undefined }), 'ML-DSA-44', true, ['verify'])
  .then(
    () => true,
    () => false,
  )

const seed = givenSeed()
/** One bit is turned of so many that follow each other. */
const every = amount({ part: 16, whole: 1 })

for (const alg of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']) {
  test(
    `${alg}: no bit of the token can be turned, and no truncation verifies`,
    { skip: !native && 'this Node has no ML-DSA: without it the bits would take half an hour' },
    async (t) => {
      t.diagnostic(seedLine(seed))
      const { below } = generator(seed)
      const keys = importKeySet(keySetOf(publicJwk(`${alg}-sig`)), {
        trust: inHand(),
        providers: [mlDsa()],
      })
      const token = await signJws(alg, { alg }, '{"a":1}')
      await verify(keys, token)
      const parts = token.split('.').map((part) => Buffer.from(part, 'base64url'))
      let tried = 0
      const refuse = async (changed) => {
        tried++
        const error = await verify(keys, changed).then(
          () => undefined,
          (e) => e,
        )
        assert.equal(error?.name, 'SealdropError', changed)
      }
      for (const part of parts) {
        for (let first = 0; first < part.length * 8; first += every) {
          const bit = Math.min(first + below(every), part.length * 8 - 1)
          part[bit >> 3] ^= 1 << (bit & 7)
          await refuse(parts.map((bytes) => bytes.toString('base64url')).join('.'))
          part[bit >> 3] ^= 1 << (bit & 7)
        }
      }
      for (let length = 0; length < token.length; length++) await refuse(token.slice(0, length))
      assert.isAbove(tried, (parts[2].length * 8) / every + token.length)
      t.diagnostic(`${tried} changed tokens`)
    },
  )
}
