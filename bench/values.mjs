// Seals beside jose and beside the bare WebCrypto operations, in whatever host runs it. Contenders
// take turns within one run, since these machines are noisy. So only the ratios mean anything.
import { columns, number } from './columns.mjs'

const { subtle } = globalThis.crypto ?? {}
const text = new TextEncoder()

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/**
 * Operations a second of each contender. It is the median over rounds in which each runs for a
 * given number of milliseconds.
 */
export async function compare(contenders, { rounds = 9, slice = 120 } = {}) {
  const names = Object.keys(contenders)
  /** @type {Record<string, number[]>} */
  const rates = Object.fromEntries(names.map((name) => [name, []]))
  for (const name of names) for (let i = 0; i < 20; i++) await contenders[name]()
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const start = performance.now()
      let count = 0
      while (performance.now() - start < slice) {
        await contenders[name]()
        count++
      }
      rates[name].push((count * 1000) / (performance.now() - start))
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])]))
}

/** The operations that sealing to RSA needs in any case, side by side where that is possible. */
async function bareSeal(key, plaintext, aad) {
  const raw = crypto.getRandomValues(new Uint8Array(32))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const content = subtle
    .importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
    .then((dataKey) =>
      subtle.encrypt({ name: 'AES-GCM', iv, additionalData: aad }, dataKey, plaintext),
    )
  return Promise.all([subtle.encrypt('RSA-OAEP', key, raw), content])
}

/**
 * The same with a result as text. The base64url of key, ciphertext and tag is not part of
 * WebCrypto, but every JWE needs it.
 */
async function bareText(toText, key, plaintext, aad) {
  const [wrapped, content] = await bareSeal(key, plaintext, aad)
  const sealed = new Uint8Array(content)
  const parts = [new Uint8Array(wrapped), sealed.subarray(0, -16), sealed.subarray(-16)]
  return parts.map(toText).join('.')
}

/** The host's own base64url, the fastest it has. */
const nativeText = () =>
  'toBase64' in Uint8Array.prototype
    ? (bytes) => bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
    : (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')

export async function benchValues({ door, jose }) {
  const rows = []
  const toText = nativeText()
  const pair = await subtle.generateKey(
    {
      name: 'RSA-OAEP',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
    true,
    ['encrypt', 'decrypt'],
  )
  const jwk = { ...(await jose.exportJWK(pair.publicKey)), use: 'enc' }
  const kid = await jose.calculateJwkThumbprint(jwk)
  const keys = door.importKeySet(jwk, { trust: door.inHand() })
  const header = {
    alg: 'RSA-OAEP-256',
    enc: 'A256GCM',
    kid,
    iat: 1,
    jti: 'x'.repeat(22),
    ctx: { form: 'f' },
  }
  const aad = text.encode(JSON.stringify(header))
  for (const size of [1_024, 65_536]) {
    const value = crypto.getRandomValues(new Uint8Array(size))
    const rates = await compare({
      sealdrop: () => door.seal(keys, value, { context: { form: 'f' } }),
      jose: () => new jose.CompactEncrypt(value).setProtectedHeader(header).encrypt(pair.publicKey),
      bare: () => bareSeal(pair.publicKey, value, aad),
      text: () => bareText(toText, pair.publicKey, value, aad),
    })
    rows.push({ what: `seal ${size / 1024} KiB, RSA-2048`, ...rates })
  }
  return rows
}

/** Rows as a table, with our rates and their share of the rates of the others. */
export function table(host, rows) {
  const widths = [-28, 12, 10, 10, 10, 10, 17]
  const heads = [host, 'sealdrop/s', 'jose/s', 'bare/s', 'of jose', 'of bare', 'of bare as text']
  const cells = ({ what, sealdrop, jose, bare, text: asText }) => [
    what,
    ...[sealdrop, jose, bare].map((rate) => number(rate)),
    ...[jose, bare, asText].map((other) => number(sealdrop / other, 2)),
  ]
  return [heads, ...rows.map(cells)].map((row) => columns(widths, row)).join('\n')
}
