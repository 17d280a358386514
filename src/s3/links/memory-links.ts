import { clockOf } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { checkJti, revokedFor, type DropLinkStore } from './link-store.js'

/** What is kept of a link. */
interface Counted {
  files: number
  bytes: number
  /** The attempts of each file. */
  readonly attempts: Map<string, Set<string>>
  /** The attempt of each file that may be completed. */
  readonly kept: Map<string, string>
  until: number
}

const newLink = (): Counted => ({
  files: 0,
  bytes: 0,
  attempts: new Map(),
  kept: new Map(),
  until: 0,
})

/**
 * Counts what is sent by links in the memory of one process, such as a test.
 *
 * Where several processes answer, or one is started anew, it does not know all that was sent.
 *
 * @param o.now - the clock, in milliseconds; default: `Date.now`
 * @returns a store for `dropLinks`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is wrong, or what is revoked is no id of a link
 * @example
 *   ```js
 *   import { memoryLinks } from 'sealdrop/s3'
 *   const store = memoryLinks()
 *   await store.revoke('xIJ6Q1S_xpJrr774j8fKiA')
 *   console.log(await store.isRevoked('xIJ6Q1S_xpJrr774j8fKiA')) // true
 *   ```
 */
export function memoryLinks(o?: { readonly now?: () => number }): DropLinkStore {
  return blamingNow(() => storeIn(clockOf(checkOptions(o, 'now').now)))
}

function storeIn(now: () => number): DropLinkStore {
  const links = new Map<string, Counted>()
  const revoked = new Map<string, number>()
  const tidy = (): void => {
    const time = now()
    for (const [jti, { until }] of links) if (until <= time) links.delete(jti)
    for (const [jti, until] of revoked) if (until <= time) revoked.delete(jti)
  }
  return {
    async reserve(jti, { file, attempt, bytes }, limits, until) {
      tidy()
      const link = links.get(jti) ?? newLink()
      const attempts = link.attempts.get(file) ?? new Set()
      if (!attempts.has(attempt) && attempts.size >= limits.attempts) return false
      if (attempts.size === 0) {
        if (link.files + 1 > limits.files || link.bytes + bytes > limits.bytes) return false
        link.files++
        link.bytes += bytes
      }
      link.until = until.getTime()
      link.attempts.set(file, attempts.add(attempt))
      links.set(jti, link)
      return true
    },
    async keep(jti, { file, attempt }) {
      const link = links.get(jti)
      if (!link?.attempts.get(file)?.has(attempt)) return false
      const kept = link.kept.get(file) ?? attempt
      link.kept.set(file, kept)
      return kept === attempt
    },
    async unkeep(jti, { file, attempt }) {
      const { kept } = links.get(jti) ?? newLink()
      if (kept.get(file) === attempt) kept.delete(file)
    },
    async release(jti, { file, attempt, bytes }) {
      const link = links.get(jti)
      const attempts = link?.attempts.get(file)
      if (!link || link.kept.get(file) === attempt) return
      if (!attempts?.delete(attempt) || attempts.size > 0) return
      link.attempts.delete(file)
      link.files--
      link.bytes -= bytes
    },
    revoke: (jti) =>
      blaming('caller', () => {
        checkJti(jti)
        revoked.set(jti, now() + revokedFor)
      }),
    async isRevoked(jti) {
      tidy()
      return revoked.has(jti)
    },
  }
}
