// Files that an answer reads stay until it is done, also when another object takes their place.
import { remove } from './whole-files.mjs'

export class HeldFiles {
  #pathOf
  /** How many answers read a file now. @type {Map<string, number>} */
  #readers = new Map()
  /** What goes when its last reader is done. @type {Set<string>} */
  #leaving = new Set()

  /** @param {(file: string) => string} pathOf */
  constructor(pathOf) {
    this.#pathOf = pathOf
  }

  /**
   * Keeps files for a reader.
   *
   * @param {string[]} files
   * @returns what that reader calls when it is done
   */
  hold(files) {
    for (const file of files) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
    return async () => {
      for (const file of files) await this.#release(file)
    }
  }

  /** Removes a file: at once, or after its last reader. */
  async remove(file) {
    if (this.#readers.has(file)) this.#leaving.add(file)
    else await remove(this.#pathOf(file))
  }

  async #release(file) {
    const others = (this.#readers.get(file) ?? 1) - 1
    if (others > 0) return void this.#readers.set(file, others)
    this.#readers.delete(file)
    if (this.#leaving.delete(file)) await remove(this.#pathOf(file))
  }
}
