// What is sealed: every key kind with every context and every size around a frame, and the cases
// that have one of each.
const rsa = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const ecc = ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521']
export const frameLength = 1024

/** The alias of a KMS key that seals to a key of this spec in place of an ephemeral one. */
const senderOf = (spec) => `sender-${spec}`

/** As startLocalKms takes them, each behind its spec as alias, and the senders. */
export const kmsKeys = [
  ...rsa.map((spec) => ({ alias: spec, spec, usage: 'ENCRYPT_DECRYPT' })),
  ...ecc.flatMap((spec) =>
    [spec, senderOf(spec)].map((alias) => ({ alias, spec, usage: 'KEY_AGREEMENT' })),
  ),
]
const all = [...rsa, ...ecc]

const contexts = {
  empty: {},
  'one pair': { purpose: 'claim' },
  '64 pairs': Object.fromEntries(
    Array.from({ length: 64 }, (_, index) => [`key ${index}`, `value ${index * index}`]),
  ),
  // UTF-16 sorts the surrogates of the first key before the second, UTF-8 after it
  'not ASCII': { '\u{1f600}': 'smile', '\uff5e': 'tilde', straße: 'Köln' },
  'with an empty name': { '': 'empty name' },
  'with an empty value': { purpose: '' },
}
const ofEverySize = ['empty', 'one pair', '64 pairs', 'not ASCII']
const withNothing = ['with an empty name', 'with an empty value']
const sizes = [0, 1, frameLength - 1, frameLength, frameLength + 1, 3 * frameLength]

const ofEveryKind = all.flatMap((key) =>
  ofEverySize.flatMap((context) =>
    sizes.map((size) => ({ keys: [key], context, size, frameLength })),
  ),
)

const single = [
  ...['RSA_2048', 'ECC_NIST_P256'].flatMap((key) =>
    withNothing.map((context) => ({ keys: [key], context, size: 1, frameLength })),
  ),
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

/** By a sender whose key is in KMS too, which we read and do not write: `aws-kms-ecdh`. */
const ofStaticSenders = ecc.flatMap((key) =>
  Object.keys(contexts).map((context) => ({
    keys: [key],
    sender: senderOf(key),
    context,
    size: frameLength + 1,
    frameLength,
  })),
)

/**
 * @typedef {object} Row
 * @property {string[]} keys - their specs
 * @property {string} [sender] - the alias of its key. Default: an ephemeral key
 * @property {string} context - its name
 * @property {number} size - of the plaintext
 * @property {number} [frameLength] - default: the writer's
 */

/** @param {Row} row */
function nameOf({ keys, sender, context, size, frameLength: length }) {
  const frames = length ? `frames of ${length}` : 'default frames'
  const by = sender ? ` by ${sender}` : ''
  return `${keys.join(' + ')}${by}, context ${context}, ${size} bytes, ${frames}`
}

/** Whether a name or a value of a context is empty, which not every SDK takes. */
export const hasEmptyPart = ({ context }) => Object.entries(context).flat().includes('')

/** Each with its context spelled out and a name for people. */
export const cases = /** @type {Row[]} */ ([
  ...ofEveryKind,
  ...single,
  ...several,
  ...ofStaticSenders,
]).map((row) => ({
  ...row,
  context: contexts[row.context],
  name: nameOf(row),
}))
