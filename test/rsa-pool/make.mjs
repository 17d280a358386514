// node test/rsa-pool/make.mjs: writes primes.json anew. Its numbers are public, so no key that is
// made of them protects anything.
import { generatePrimeSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'

/** Size of a key in bits to how many primes of half its size there are. */
const sizes = { 2048: 48, 3072: 32, 4096: 32 }
const exponent = 65_537n

/** Two of them make a modulus of the full length, since each begins with two bits that are set. */
function prime(bits) {
  for (;;) {
    const found = generatePrimeSync(bits, { bigint: true })
    if (found >> BigInt(bits - 2) === 3n && (found - 1n) % exponent !== 0n) return found
  }
}

const text = (number) => Buffer.from(number.toString(16), 'hex').toString('base64url')
const primes = Object.fromEntries(
  Object.entries(sizes).map(([size, count]) => [
    size,
    Array.from({ length: count }, () => text(prime(Number(size) / 2))),
  ]),
)
await writeFile(
  new URL('primes.json', import.meta.url),
  `${JSON.stringify(primes, undefined, 2)}\n`,
)
