// What is written: every published key with every kind of value, and the cases that have one of each.
const mebibyte = 1 << 20

/** By name, the test key whose material the KMS key is made of. */
export const publishedKeys = {
  RSA_2048: 'RSA-2048-enc',
  RSA_3072: 'RSA-3072-enc',
  RSA_4096: 'RSA-4096-enc',
  ECC_NIST_P256: 'P-256-enc',
  ECC_NIST_P384: 'P-384-enc',
  ECC_NIST_P521: 'P-521-enc',
}
const all = Object.keys(publishedKeys)
const curves = all.filter((key) => key.startsWith('ECC'))
const oneOfEach = ['RSA_2048', 'ECC_NIST_P256']

/** Bytes that are the same in each run. */
const bytesOf = (length) =>
  Buffer.alloc(
    length,
    Uint8Array.from({ length: 251 }, (_, i) => i),
  )
const json = Buffer.from(JSON.stringify({ iban: 'DE02', name: 'Größe', amount: 12.5 }))

/**
 * @typedef {object} Value
 * @property {string} name
 * @property {Buffer} plaintext
 * @property {string} [cty]
 * @property {Record<string, string>} [context]
 * @property {'ECDH-ES'} [alg] - default: the one for the key
 * @property {boolean} [info] - with apu and apv
 * @property {boolean} [shortEpk] - whether a coordinate of epk has lost its leading zeros
 * @property {readonly string[]} keys
 */

/** @type {readonly Value[]} */
const values = [
  {
    name: 'a text',
    plaintext: Buffer.from('Größe 😀'),
    cty: 'text/plain;charset=utf-8',
    context: { form: 'claim' },
    keys: all,
  },
  {
    name: 'JSON',
    plaintext: json,
    cty: 'json',
    context: { form: 'claim', straße: 'Köln' },
    keys: all,
  },
  { name: 'nothing', plaintext: Buffer.alloc(0), keys: all },
  { name: 'one byte', plaintext: bytesOf(1), keys: all },
  { name: '48,000 bytes', plaintext: bytesOf(48_000), keys: all },
  { name: '64 KiB', plaintext: bytesOf(1 << 16), keys: oneOfEach },
  { name: '1 MiB', plaintext: bytesOf(mebibyte), keys: oneOfEach },
  {
    name: 'a context of 1,600 characters',
    plaintext: json,
    cty: 'json',
    context: Object.fromEntries(
      Array.from({ length: 64 }, (_, index) => [`key ${index}`, `value ${index * index}`]),
    ),
    keys: oneOfEach,
  },
  { name: 'with apu and apv', plaintext: json, cty: 'json', info: true, keys: curves },
  { name: 'ECDH-ES alone', plaintext: json, cty: 'json', alg: 'ECDH-ES', keys: curves },
  { name: 'a short epk', plaintext: json, cty: 'json', shortEpk: true, keys: curves },
]

const algOf = (key) => (key.startsWith('RSA') ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW')
const infos = {
  apu: Buffer.from('Alice').toString('base64url'),
  apv: Buffer.from('Bob').toString('base64url'),
}

/** Each value for each of its keys. */
export const cases = values.flatMap(({ keys, name, info, ...value }) =>
  keys.map((key) => ({
    ...value,
    key,
    kind: name,
    name: `${key}, ${name}`,
    info: info ? infos : {},
    alg: value.alg ?? algOf(key),
  })),
)
