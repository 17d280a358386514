// Ciphertext blobs of symmetric keys: what opens one, and under which encryption context.
import { describe, test } from 'node:test'
import { assert } from 'chai'
import fc from 'fast-check'
import { parseBlob, sealBlob } from '#dist/local-kms/crypto/ciphertext.js'
import { seededRandom } from '#dist/local-kms/crypto/seeded-random.js'
import { flipped, hex } from './crypto-readers.mjs'
import { there } from './helpers.mjs'

describe('ciphertext blobs', () => {
  const secret = Buffer.alloc(32, 7)
  const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
  const ids = { keyId, materialId: 'ab'.repeat(32) }
  const seal = (plaintext, more = {}) => sealBlob({ ...ids, secret, ...more }, plaintext)

  test('open to what was sealed, name their key and material, and fit what KMS takes', () => {
    for (const length of [1, 16, 32, 4095, 4096]) {
      const plaintext = Uint8Array.from({ length }, (_, index) => index)
      const blob = seal(plaintext, { context: { a: 'b' }, keyId: `mrk-${'1'.repeat(32)}` })
      assert.ok(blob.length <= 6144 && blob.length > length + 28)
      const parsed = there(parseBlob(blob))
      assert.deepEqual([parsed.keyId, parsed.materialId], [`mrk-${'1'.repeat(32)}`, ids.materialId])
      assert.strictEqual(hex(parsed.open(secret, { a: 'b' })), hex(plaintext))
    }
  })

  test('every flipped bit and every cut is noticed', () => {
    const blob = seal(Buffer.from('secret'), { context: { a: 'b' } })
    for (let at = 0; at < blob.length; at++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        assert.strictEqual(
          parseBlob(flipped(blob, at, bit))?.open(secret, { a: 'b' }),
          undefined,
          `byte ${at}, bit ${bit}`,
        )
      }
      assert.strictEqual(
        parseBlob(blob.subarray(0, at))?.open(secret, { a: 'b' }),
        undefined,
        `cut at ${at}`,
      )
    }
    assert.strictEqual(
      there(parseBlob(Uint8Array.from([...blob, 0]))).open(secret, { a: 'b' }),
      undefined,
    )
    assert.strictEqual(
      hex(there(there(parseBlob(blob)).open(secret, { a: 'b' }))),
      hex(Buffer.from('secret')),
    )
  })

  test('need the secret that sealed them', () => {
    const blob = seal(Buffer.from('x'))
    for (const other of [Buffer.alloc(32, 8), flipped(secret, 0), flipped(secret, 31, 128)])
      assert.strictEqual(there(parseBlob(blob)).open(other), undefined)
    assert.ok(there(parseBlob(blob)).open(secret))
  })

  /** @typedef {Record<string, string> | undefined} Context */
  /** @type {[Context, Context][]} */
  const same = [
    [{}, undefined],
    [undefined, {}],
    [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ],
    [
      { 2: 'x', 10: 'y' },
      { 10: 'y', 2: 'x' },
    ],
    [{ é: 'ü' }, { é: 'ü' }],
  ]
  test('take the same context in any order', () => {
    for (const [one, two] of same)
      assert.strictEqual(
        hex(there(parseBlob(seal(Buffer.from('x'), { context: one }))).open(secret, two)),
        '78',
      )
  })

  /** @type {[Context, Context][]} */
  const others = [
    [{}, { a: '' }],
    [{ a: '' }, { '': 'a' }],
    [{ a: 'b' }, { a: 'B' }],
    [{ a: 'b' }, { A: 'b' }],
    [{ a: 'b' }, {}],
    [{ a: 'b' }, { a: 'b', c: 'd' }],
    [
      { a: 'b', c: 'd' },
      { a: 'd', c: 'b' },
    ],
    [{ ab: 'c' }, { a: 'bc' }],
    [{ a: 'bc' }, { abc: '' }],
    [{ a: 'b', c: 'd' }, { a: 'bcd' }],
    [{ a: '\ud800' }, { a: '\ud801' }],
    [{ a: '\ud800' }, { a: '\ufffd' }],
    [{ é: '' }, { 'e\u0301': '' }],
    [{ a: '\0' }, { a: '' }],
  ]
  test('do not open under any other context, however alike it looks when written down', () => {
    for (const [one, two] of others) {
      const blob = seal(Buffer.from('x'), { context: one })
      assert.strictEqual(
        there(parseBlob(blob)).open(secret, two),
        undefined,
        JSON.stringify([one, two]),
      )
      assert.ok(there(parseBlob(blob)).open(secret, one))
    }
  })

  test('open under one context only, whatever the two are', () => {
    const contexts = fc.dictionary(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }), {
      maxKeys: 3,
      noNullPrototype: true,
    })
    const canonical = (context) =>
      JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)))
    fc.assert(
      fc.property(contexts, contexts, (one, two) => {
        const opened = there(parseBlob(seal(Buffer.from('x'), { context: one }))).open(secret, two)
        assert.strictEqual(opened !== undefined, canonical(one) === canonical(two))
      }),
    )
  })

  test('of the same plaintext differ, and a seeded stream makes the same one', () => {
    assert.notStrictEqual(hex(seal(Buffer.from('x'))), hex(seal(Buffer.from('x'))))
    assert.strictEqual(
      hex(seal(Buffer.from('x'), { random: seededRandom('s', 'l') })),
      hex(seal(Buffer.from('x'), { random: seededRandom('s', 'l') })),
    )
  })

  test('never use a nonce for two plaintexts or two contexts, though the stream of random bytes begins anew', () => {
    const nonceAt = 4 + 1 + keyId.length + 1 + 64
    /** @type {[string, Context][]} */
    const sealed = [
      ['x', {}],
      ['y', {}],
      ['x', { a: 'b' }],
      ['xx', {}],
    ]
    const nonces = sealed.map(([plaintext, context]) => {
      const bytes = seal(Buffer.from(plaintext), { context, random: seededRandom('s', 'l') })
      return hex(bytes.subarray(nonceAt, nonceAt + 12))
    })
    assert.strictEqual(new Set(nonces).size, 4)
  })

  test('are not read from what is none', () => {
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(6144),
      new Uint8Array(256).fill(255),
      Buffer.from('SDK'),
      Buffer.from('SDK\x01\x24'),
    ])
      assert.strictEqual(parseBlob(bytes), undefined)
  })
})
