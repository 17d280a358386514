import { abortable } from './abort.js'

/** Who waits, and for how much. */
interface Waiting {
  readonly bytes: number
  readonly go: () => void
}

/** Memory that pieces of work share, by its bytes. Who asks first is served first. */
export class SharedBytes {
  readonly #all: number
  #free: number
  readonly #waiting: Waiting[] = []

  constructor(all: number) {
    this.#all = all
    this.#free = all
  }

  /**
   * Waits until so much is free. What is more than all of it waits for all of it.
   *
   * @returns what gives it back, to be called once
   */
  async take(wanted: number, signal: AbortSignal | undefined): Promise<() => void> {
    const bytes = Math.min(wanted, this.#all)
    let go = (): void => {}
    const turn = new Promise<void>((resolve) => (go = resolve))
    const waiting = { bytes, go }
    this.#waiting.push(waiting)
    this.#next()
    const give = (): void => {
      this.#free += bytes
      this.#next()
    }
    try {
      await abortable(turn, signal)
    } catch (error) {
      const at = this.#waiting.indexOf(waiting)
      if (at === -1) give()
      else this.#waiting.splice(at, 1)
      this.#next()
      throw error
    }
    return give
  }

  #next(): void {
    for (let [first] = this.#waiting; first && first.bytes <= this.#free; [first] = this.#waiting) {
      this.#waiting.shift()
      this.#free -= first.bytes
      first.go()
    }
  }
}
