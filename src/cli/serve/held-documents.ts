import { isSealdropError } from '../../errors/sealdrop-error.js'
import type { ServedDocuments } from '../../doors/serve.js'

type Documents = NonNullable<Awaited<ReturnType<ServedDocuments['documents']>>>

/** Documents that requests get as they are held, so that no request reads or signs anything. */
export interface HeldDocuments extends ServedDocuments {
  /** Asks the source again. What it held is served on where that fails, as long as it is good. */
  refresh(): Promise<void>
}

/** @param note - told why documents could not be renewed, once for each reason */
export function heldDocuments(
  name: string,
  source: ServedDocuments,
  note: (line: string) => void,
): HeldDocuments {
  let held: Documents | undefined
  let told = ''
  return {
    // a handler answers 503 where their time is over
    documents: async () => held,
    async refresh() {
      try {
        held = (await source.documents()) ?? undefined
        told = ''
      } catch (error) {
        const isUnread = isSealdropError(error) && error.code === 'source_failed'
        // otherwise it is an answer: a publisher hands out what is good where KMS is away
        if (!isUnread) held = undefined
        const why = isSealdropError(error) ? `${error.code}: ${error.message}` : String(error)
        if (why !== told) note(`${name}: it cannot be renewed: ${why}`)
        told = why
      }
    },
  }
}
