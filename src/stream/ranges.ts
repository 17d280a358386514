/** Parts of a whole, kept merged. */
export class Ranges {
  #parts: readonly (readonly [start: number, end: number])[] = []

  add(start: number, end: number): void {
    const parts: [number, number][] = []
    for (const [from, to] of [...this.#parts, [start, end] as const].sort(([a], [b]) => a - b)) {
      const last = parts.at(-1)
      if (last && from <= last[1]) last[1] = Math.max(last[1], to)
      else parts.push([from, to])
    }
    this.#parts = parts
  }

  /** Whether everything from 0 to `end` is there. */
  reach(end: number): boolean {
    return this.#parts[0]?.[0] === 0 && this.#parts[0][1] >= end
  }
}
