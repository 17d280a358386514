// Which bits a suite turns. In each host one of 16 that follow each other, drawn anew each time. A
// failure names its bit, which is all that is needed to repeat it. `npm run test:soak` turns all of
// them, in Node.
const every = 16

/**
 * @param {{ whole?: boolean }} host
 * @param {number} count - bits in all
 * @returns {number[]} the positions of those to turn
 */
export function bitsOf({ whole = false }, count) {
  if (whole) return Array.from({ length: count }, (_, bit) => bit)
  return Array.from({ length: Math.ceil(count / every) }, (_, index) =>
    Math.min(index * every + Math.floor(Math.random() * every), count - 1),
  )
}
