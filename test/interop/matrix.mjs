// What is sealed: every key kind with every context and every size around a frame, and the cases
// that have one of each.
const rsa = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const ecc = ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521']
export const frameLength = 1024

/** As startLocalKms takes them, each behind its spec as alias. */
export const kmsKeys = [
  ...rsa.map((spec) => ({ alias: spec, spec, usage: 'ENCRYPT_DECRYPT' })),
  ...ecc.map((spec) => ({ alias: spec, spec, usage: 'KEY_AGREEMENT' })),
]
const all = kmsKeys.map(({ spec }) => spec)

const contexts = {
  empty: {},
  'one pair': { purpose: 'claim' },
  '64 pairs': Object.fromEntries(
    Array.from({ length: 64 }, (_, index) => [`key ${index}`, `value ${index * index}`]),
  ),
  // UTF-16 sorts the surrogates of the first key before the second, UTF-8 after it
  'not ASCII': { '\u{1f600}': 'smile', '\uff5e': 'tilde', straße: 'Köln', '': 'empty key' },
}
const sizes = [0, 1, frameLength - 1, frameLength, frameLength + 1, 3 * frameLength]

const ofEveryKind = all.flatMap((key) =>
  Object.keys(contexts).flatMap((context) =>
    sizes.map((size) => ({ keys: [key], context, size, frameLength })),
  ),
)

const single = [
  ...all.map((key) => ({ keys: [key], context: 'one pair', size: 3, frameLength: 1 })),
  ...['RSA_3072', 'ECC_NIST_P256'].map((key) => ({
    keys: [key],
    context: 'one pair',
    size: 10 << 20,
    frameLength: 524_288,
  })),
  ...['RSA_2048', 'ECC_NIST_P384'].map((key) => ({
    keys: [key],
    context: 'one pair',
    size: 10_000,
  })), // the writer's default frame length
]

const several = [
  ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_P384'],
  ['ECC_NIST_P521', 'RSA_4096'],
  all,
  all.toReversed(),
].map((keys) => ({ keys, context: 'not ASCII', size: frameLength + 1, frameLength }))

/** Each with its context spelled out and a name for people. */
export const cases = [...ofEveryKind, ...single, ...several].map((row) => ({
  ...row,
  context: contexts[row.context],
  name: `${row.keys.join(' + ')}, context ${row.context}, ${row.size} bytes, ${row.frameLength ? `frames of ${row.frameLength}` : 'default frames'}`,
}))
