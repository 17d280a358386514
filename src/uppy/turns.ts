/** Lets so many pieces of work run at a time; the others wait in their order. */
export class Turns {
  readonly #count: () => number
  #running = 0
  readonly #waiting: (() => void)[] = []

  /** @param count - asked for each time, since it may change */
  constructor(count: () => number) {
    this.#count = count
  }

  async take(work: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      this.#next()
    })
    try {
      await work()
    } finally {
      this.#running--
      this.#next()
    }
  }

  #next(): void {
    while (this.#running < this.#count()) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#running++
      next()
    }
  }
}
