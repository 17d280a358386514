import { blaming, blamingNow } from '../../errors/whose.js'
import type { ReplayStore } from '../../open/replay.js'
import { checkId, checkUntil } from '../../open/work-store.js'
import { clockIn } from './clock-in.js'
import { Expiring } from './expiring.js'

/**
 * Remembers in the memory of one process which values were opened.
 *
 * - Another process, or the same one started anew, knows nothing of it.
 * - 1,000,000 ids have room. Where all of them still count, a claim fails, and none is forgotten.
 *
 * @param o.now - the clock, in milliseconds; default: `Date.now`
 * @returns a store for `replay` of `createOpener`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is wrong, or an id is none
 * @throws SealdropError while writing:
 *   - `output_failed`: there is no room; retryable
 * @example
 *   ```js
 *   import { memoryReplay } from 'sealdrop/kms'
 *   const store = memoryReplay()
 *   const until = new Date(Date.now() + 60_000)
 *   const first = await store.claim('a-hash', until)
 *   console.log(first, await store.claim('a-hash', until)) // true false
 *   ```
 */
export function memoryReplay(o?: { readonly now?: () => number }): ReplayStore {
  return blamingNow(() => storeIn(clockIn(o)))
}

function storeIn(now: () => number): ReplayStore {
  const claimed = new Expiring<true>('the replay store', now)
  return {
    claim: (id, until) =>
      blaming('caller', () => {
        checkId(id)
        const end = checkUntil(until)
        if (claimed.get(id)) return false
        claimed.set(id, true, end)
        return true
      }),
    seen: (id) =>
      blaming('caller', () => {
        checkId(id)
        return claimed.get(id) ?? false
      }),
  }
}
