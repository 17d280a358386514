import { ensure } from '../errors/guard.js'
import type { KeyInfo } from '../keys/key.js'
import { ringOf } from '../keys/key-set.js'
import { whyNot } from '../keys/select.js'
import { setsOf, type Recipients } from './plan-message.js'

/** The keys of each set that may be sealed to now. */
export async function sealedToNow(
  keys: Recipients,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly KeyInfo[])[]> {
  return Promise.all(
    setsOf(keys).map(async (set) => {
      const ring = ringOf(set)
      const { keys: all } = await ring.current(signal)
      return all.filter((key) => !whyNot(key, ring.now())).map(({ info }) => info)
    }),
  )
}

/** A recipient of a record, which must still be one that may be sealed to. */
export function stillPublished(thumbprint: string, published: readonly KeyInfo[]): KeyInfo {
  const info = published.find((key) => key.thumbprint === thumbprint)
  ensure(
    info,
    'no_usable_key',
    `the key ${thumbprint} of this record is no longer published, or no longer sealed to: ` +
      'start over with createFileSealer',
  )
  return info
}
