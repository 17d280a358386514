/**
 * Keeps the newest signed set itself, so that a page or a process that starts anew knows what it
 * has seen.
 */
export interface SetStore {
  get(id: string): Promise<string | undefined>
  put(id: string, set: string): Promise<void>
}
