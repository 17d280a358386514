import type { ServedDocuments } from '../../doors/serve.js'
import { held } from './held.js'

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
  const { now, refresh } = held(name, async () => source.documents(), note)
  // a handler answers 503 where their time is over
  return { documents: async () => now(), refresh }
}
