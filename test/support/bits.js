// Which part of a long sweep a suite does: of bits that it turns, places where it cuts, ranges that
// it asks for. In each host it is one of so many that follow each other, drawn anew each time. A
// failure names what it was at, which is all that is needed to repeat it. `npm run test:soak` does
// all of them, in Node.

/**
 * @template T
 * @param {{ whole?: boolean }} host
 * @param {readonly T[]} all - the whole sweep
 * @param {number} [every] - one is drawn of so many
 * @returns {T[]} what to do of it
 */
export function partOf({ whole = false }, all, every = 16) {
  if (whole) return [...all]
  return Array.from({ length: Math.ceil(all.length / every) }, (_, index) => {
    const at = index * every + Math.floor(Math.random() * every)
    return all[Math.min(at, all.length - 1)]
  })
}

/**
 * @param {{ whole?: boolean }} host
 * @param {number} count - bits in all
 * @param {number} [every] - one is drawn of so many
 * @returns {number[]} the positions of those to turn
 */
export const bitsOf = (host, count, every) =>
  partOf(
    host,
    Array.from({ length: count }, (_, bit) => bit),
    every,
  )
