import { isWorkerd } from './runtime.js'

/**
 * Lets callers that come while work is under way await that work instead of starting it again.
 *
 * In workerd each works alone.
 */
export class SingleFlight<T> {
  #flight: Promise<T> | undefined

  run(work: () => Promise<T>): Promise<T> {
    if (isWorkerd()) return work()
    this.#flight ??= work().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }
}
