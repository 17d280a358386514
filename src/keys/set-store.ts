/**
 * Keeps the newest signed set, so that a page or a process that starts anew knows what it has seen.
 *
 * A store that fails does not take away a set that is held.
 */
export interface SetStore {
  /** The set that was put under this id; undefined where none was. */
  get(id: string): Promise<string | undefined>
  /** Keeps a set under an id, in the place of the one before. It is not called beside `swap`. */
  put(id: string, set: string): Promise<void>
  /**
   * Keeps a set only while the store still has `held`, and answers what it has then.
   *
   * - `held` is what `get` or `swap` answered last, also undefined
   * - comparing and writing are one step: of two writers the slower one must not win
   * - a store that cannot compare leaves it out
   */
  swap?(id: string, set: string, held: string | undefined): Promise<string | undefined>
}
