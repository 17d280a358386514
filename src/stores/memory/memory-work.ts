import { blaming, blamingNow } from '../../errors/whose.js'
import {
  checkId,
  checkLease,
  checkTokens,
  checkUntil,
  type WorkStore,
  type WorkToken,
} from '../../open/work-store.js'
import { clockIn } from './clock-in.js'
import { Expiring } from './expiring.js'

/** What is kept of an id. One that ended may be overtaken, and counts until it is. */
interface Work {
  readonly state: 'leased' | 'done'
  readonly fence: number
  readonly ends: number
}

/** Milliseconds that a lease is remembered after its end, so that its worker may still set it done. */
const after = 3_600_000

/**
 * Remembers in the memory of one process which work is under way and which is done.
 *
 * - Another process, or the same one started anew, knows nothing of it.
 * - 1,000,000 ids have room. Where all of them still count, `begin` fails, and none is forgotten.
 *
 * @param o.now - the clock, in milliseconds; default: `Date.now`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is wrong, or an id, a token or a lease is none
 * @throws SealdropError while writing:
 *   - `output_failed`: there is no room; retryable
 * @example
 *   ```js
 *   import { memoryWork } from 'sealdrop/kms'
 *   const work = memoryWork()
 *   const { state, token } = await work.begin('a-hash', 60_000)
 *   const until = new Date(Date.now() + 28 * 86_400_000)
 *   console.log(state, await work.done([token], until)) // new true
 *   console.log((await work.begin('a-hash', 60_000)).state) // done
 *   ```
 */
export function memoryWork(o?: { readonly now?: () => number }): WorkStore {
  return blamingNow(() => storeIn(clockIn(o)))
}

function storeIn(now: () => number): WorkStore {
  const kept = new Expiring<Work>('the work store', now)
  let fences = 0
  const set = (id: string, work: Work): void => kept.set(id, work, work.ends + after)
  const holds = ({ id, fence }: WorkToken, states: readonly Work['state'][]): boolean => {
    const work = kept.get(id)
    return work?.fence === fence && states.includes(work.state)
  }
  /** Changes all that tokens name, or nothing. */
  const change = (
    tokens: readonly WorkToken[],
    states: readonly Work['state'][],
    to: Pick<Work, 'state' | 'ends'>,
  ): boolean => {
    const all = checkTokens(tokens)
    if (!all.every((token) => holds(token, states))) return false
    for (const { id, fence } of all) set(id, { ...to, fence })
    return true
  }
  return {
    begin: (id, lease) =>
      blaming('caller', () => {
        checkId(id)
        checkLease(lease)
        const work = kept.get(id)
        if (work && work.ends > now())
          return work.state === 'done' ? { state: 'done' } : { state: 'busy' }
        const token = { id, fence: ++fences }
        set(id, { state: 'leased', fence: token.fence, ends: now() + lease })
        return { state: 'new', token }
      }),
    extend: (tokens, lease) =>
      blaming('caller', () => {
        checkLease(lease)
        return change(tokens, ['leased'], { state: 'leased', ends: now() + lease })
      }),
    done: (tokens, until) =>
      blaming('caller', () =>
        change(tokens, ['leased', 'done'], { state: 'done', ends: checkUntil(until) }),
      ),
    release: (token) =>
      blaming('caller', () => {
        const [given] = checkTokens([token])
        // a lease of no time, under a fence that nobody has
        if (given && holds(given, ['leased']))
          set(given.id, { state: 'leased', fence: ++fences, ends: 0 })
      }),
  }
}
