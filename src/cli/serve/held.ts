import { isSealdropError } from '../../errors/sealdrop-error.js'

/** Something that was read before anybody asks for it. */
export interface Held<T> {
  readonly now: () => T | undefined
  /** Reads it again. What is held stays where that fails. */
  readonly refresh: () => Promise<void>
}

/** @param note - told why it could not be renewed, once for each reason */
export function held<T>(
  name: string,
  read: () => Promise<T | null | undefined>,
  note: (line: string) => void,
): Held<T> {
  let found: T | undefined
  let told = ''
  return {
    now: () => found,
    refresh: async () => {
      try {
        found = (await read()) ?? undefined
        told = ''
      } catch (error) {
        const isUnread = isSealdropError(error) && error.code === 'source_failed'
        // otherwise it is an answer: a publisher hands out what is good where KMS is away
        if (!isUnread) found = undefined
        const why = isSealdropError(error) ? `${error.code}: ${error.message}` : String(error)
        if (why !== told) note(`${name}: it cannot be renewed: ${why}`)
        told = why
      }
    },
  }
}
