/** Milliseconds that a speed is taken over. */
const window = 4_000
/** With less than this, a speed would only jump. */
const least = 400
/** When nothing left for so long, nobody answers. */
const stuck = 2_500

/** How fast bytes leave, and how long it takes until all have left. */
export class Rate {
  #samples: readonly (readonly [at: number, done: number])[] = []

  /** @param at - milliseconds of a clock that never goes back */
  add(at: number, done: number): void {
    const last = this.#samples.at(-1)
    if (last && done < last[1]) this.#samples = []
    const recent = this.#samples.filter(([then]) => at - then < window)
    this.#samples = [...recent, [at, done]]
  }

  /** Begins anew, as after a pause. */
  clear(): void {
    this.#samples = []
  }

  /** Bytes a second; undefined until there is something to go by. */
  get speed(): number | undefined {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || last[0] - first[0] < least || last[1] === first[1]) return undefined
    return ((last[1] - first[1]) / (last[0] - first[0])) * 1000
  }

  /** Whether nothing left for a while. */
  get isStuck(): boolean {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    return !!first && !!last && last[0] - first[0] > stuck && last[1] === first[1]
  }

  /** Seconds until `total` bytes have left. */
  left(total: number): number | undefined {
    const done = this.#samples.at(-1)?.[1] ?? 0
    return this.speed === undefined ? undefined : (total - done) / this.speed
  }
}
