/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
export function generator(seed) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n) => Math.floor(next() * n)
  return {
    next,
    below,
    pick: (list) => list[below(list.length)],
    bytes: (n) => Uint8Array.from({ length: n }, () => below(256)),
  }
}
