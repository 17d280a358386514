// RSA keys for tests in a moment: each is two of some known primes, so that a few primes are
// thousands of keys. Known to everybody: nothing outside of tests may come here.
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

const exponent = 65_537n
const numberOf = (text) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)

/** @returns the primes by the size of a key in bits */
export const readPrimes = () =>
  Object.fromEntries(
    Object.entries(JSON.parse(readFileSync(new URL('primes.json', import.meta.url), 'utf8'))).map(
      ([size, primes]) => [size, primes.map(numberOf)],
    ),
  )

/**
 * Of two numbers that have no common divisor.
 *
 * @param {bigint} number
 * @param {bigint} modulus
 */
function inverse(number, modulus) {
  let [a, b, x, y] = [number % modulus, modulus, 1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b, x, y] = [b - quotient * a, a, y - quotient * x, x]
  }
  return ((x % modulus) + modulus) % modulus
}

/**
 * @param {bigint} a
 * @param {bigint} b
 * @returns {bigint}
 */
function greatestCommonDivisor(a, b) {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}

function base64url(number) {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

/**
 * The private key of two primes, as RFC 8017 §3.2 has it.
 *
 * @param {bigint} one
 * @param {bigint} other
 */
export function keyOf(one, other) {
  const [p, q] = one > other ? [one, other] : [other, one]
  const d = inverse(exponent, ((p - 1n) * (q - 1n)) / greatestCommonDivisor(p - 1n, q - 1n))
  const numbers = {
    n: p * q,
    e: exponent,
    d,
    p,
    q,
    dp: d % (p - 1n),
    dq: d % (q - 1n),
    qi: inverse(q, p),
  }
  const members = Object.entries(numbers).map(([name, number]) => [name, base64url(number)])
  return createPrivateKey({
    key: { kty: 'RSA', ...Object.fromEntries(members) },
    format: 'jwk',
  })
}

/** The pairs of a list in random order. */
function shuffledPairs(list) {
  const pairs = list.flatMap((one, at) => list.slice(at + 1).map((other) => [one, other]))
  for (let last = pairs.length - 1; last > 0; last--) {
    const at = Math.floor(Math.random() * (last + 1))
    ;[pairs[last], pairs[at]] = [pairs[at], pairs[last]]
  }
  return pairs
}

/** Keys that a process has not had yet; undefined where there is none left of a size. */
export function rsaPool() {
  const left = new Map()
  let primes
  return {
    take(size) {
      primes ??= readPrimes()
      if (!(size in primes)) return undefined
      if (!left.has(size)) left.set(size, shuffledPairs(primes[size]))
      /** @type {[bigint, bigint] | undefined} */
      const pair = left.get(size).pop()
      return pair && keyOf(...pair)
    },
  }
}
