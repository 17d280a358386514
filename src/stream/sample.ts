import { randomBytes } from '../crypto/subtle.js'

/**
 * The first, the last, and so many random ones of `size` items, in their order.
 *
 * Nobody can foresee which: whoever changed a file cannot leave just these as they were.
 */
export function sample(items: Iterable<number>, size: number, count: number): number[] {
  const wanted = new Set([0, size - 1])
  const random = new Uint32Array(randomBytes(count * 4).buffer)
  for (const one of random) wanted.add(Math.floor((one / 2 ** 32) * size))
  let at = 0
  return [...items].filter(() => wanted.has(at++))
}
