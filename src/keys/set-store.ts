/**
 * Keeps the newest signed set, so that a page or a process that starts anew knows what it has seen.
 *
 * A store that fails does not take away a set that is held.
 */
export interface SetStore {
  /** The set that was put under this id; undefined where none was. */
  get(id: string): Promise<string | undefined>
  /** Keeps a set under an id, in the place of the one before. */
  put(id: string, set: string): Promise<void>
}
