import { unwatched } from '../io/abort.js'

interface Host {
  readonly navigator?: {
    readonly storage?: { readonly persist?: () => Promise<boolean> }
    readonly wakeLock?: {
      readonly request: (type: 'screen') => Promise<{ release(): Promise<void> }>
    }
  }
}

const navigatorOf = (): Host['navigator'] => (globalThis as Host).navigator

/**
 * Asks the browser not to clear storage when the disk is full; it may say no, and does not matter.
 *
 * Nobody waits for the answer: Firefox asks the user, who may never say anything.
 */
export function keptForGood(): void {
  void unwatched(async () => navigatorOf()?.storage?.persist?.())
}

/** Keeps the screen on, where that can be, until the answer is called. */
export function keptAwake(): () => void {
  const lock = unwatched(async () => navigatorOf()?.wakeLock?.request('screen'))
  return () => void unwatched(async () => (await lock)?.release())
}
