import { Buffer } from 'node:buffer'
import { checkPrime, createPrivateKey, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from './seeded-random.js'

const isPrime: (candidate: bigint) => Promise<boolean> = promisify(checkPrime)
const exponent = 65_537n

/**
 * Makes an RSA key from a stream of random bytes alone, which Node's own generator does not take.
 *
 * Probable primes and the bounds on p, q and d are those of FIPS 186-5 A.1.1 and A.1.3.
 */
export async function seededRsa(bits: number, random: Random): Promise<KeyObject> {
  for (;;) {
    const first = await prime(bits, random, () => true)
    const isFarEnough = (candidate: bigint): boolean =>
      magnitude(first - candidate) > 1n << BigInt(bits / 2 - 100)
    const second = await prime(bits, random, isFarEnough)
    const [p, q] = first > second ? [first, second] : [second, first]
    const d = inverse(exponent, leastCommonMultiple(p - 1n, q - 1n))
    if (d > 1n << BigInt(bits / 2)) return keyOf(p, q, d)
  }
}

/** RFC 7518 §6.3. */
function keyOf(p: bigint, q: bigint, d: bigint): KeyObject {
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
  const members = Object.entries(numbers).map(([name, value]) => {
    return [name, toBytes(value).toString('base64url')] as const
  })
  const key = { kty: 'RSA', ...Object.fromEntries(members) }
  return createPrivateKey({ key, format: 'jwk' })
}

/**
 * A prime by A.1.3, steps 4 and 5.
 *
 * - It is odd, and p - 1 is prime to e.
 * - It is at least √2 · 2^(bits / 2 - 1), so that the modulus has its full length.
 */
async function prime(
  bits: number,
  random: Random,
  fits: (candidate: bigint) => boolean,
): Promise<bigint> {
  for (;;) {
    const bytes = Buffer.from(random(bits / 16))
    const candidate = BigInt(`0x${bytes.toString('hex')}`) | 1n
    const isLong = candidate * candidate >= 1n << BigInt(bits - 1)
    const isCoprime = (candidate - 1n) % exponent !== 0n
    if (isLong && isCoprime && fits(candidate) && (await isPrime(candidate))) return candidate
  }
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)
const toBytes = (value: bigint): Buffer => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y > 0n) [x, y] = [y, x % y]
  return (a / x) * b
}

/** Extended Euclid: the x with a · x = 1 (mod m), from 1 to m - 1; a and m are coprime. */
function inverse(a: bigint, m: bigint): bigint {
  let [r, s, x, y] = [m, a % m, 0n, 1n]
  while (s > 0n) [r, s, x, y] = [s, r % s, y, x - (r / s) * y]
  return ((x % m) + m) % m
}
