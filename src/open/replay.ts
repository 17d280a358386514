import { utf8 } from '../bytes/text.js'
import { toBase64url } from '../bytes/base64url.js'
import { sha256 } from '../crypto/digest.js'
import { coded, SealdropError } from '../errors/sealdrop-error.js'
import { blaming } from '../errors/whose.js'

/**
 * Remembers which values were opened, so that each opens once.
 *
 * - All openers that must not open a value twice share one store.
 */
export interface ReplayStore {
  /**
   * Claims an id in one step, and answers false when it was claimed before.
   *
   * - The id may be forgotten after `until`.
   */
  claim(id: string, until: Date): Promise<boolean>
  /**
   * Says whether an id was claimed.
   *
   * - Where a store has this verb, a replay is refused before any KMS call.
   */
  seen?(id: string): Promise<boolean>
}

/**
 * The id of a value is the SHA-256 of its text, which has one form only.
 *
 * Its `jti` would not do. Anyone who reads a value on its way could seal another one with the same
 * `jti`, and have that opened first.
 */
export const replayId = async (jwe: string): Promise<string> => toBase64url(await sha256(utf8(jwe)))

const replayed = (): SealdropError => new SealdropError('replayed', 'this value was opened before')

/** Refuses a replay that is known already, so that it costs no KMS call. */
export async function checkUnseen(store: ReplayStore | undefined, jwe: string): Promise<void> {
  if (!store?.seen) return
  const id = await replayId(jwe)
  if (await asked(async () => store.seen?.(id))) throw replayed()
}

/**
 * Claims a value after all its tags verified, and before its plaintext is released.
 *
 * Of a record, the tags of all fields come first. After a crash between claim and release the store
 * takes the value for opened: the sender must seal it again.
 *
 * @param taken - milliseconds from `iat` on in which an opener whose clock is behind takes it
 */
export async function claimOnce(
  store: ReplayStore | undefined,
  jwe: string,
  iat: number | undefined,
  taken: number,
): Promise<void> {
  if (!store) return
  // a value that does not say its time was refused before, because there is a maximum age
  const until = new Date((iat ?? NaN) * 1000 + taken + 60_000)
  const id = await replayId(jwe)
  if (!(await asked(async () => store.claim(id, until)))) throw replayed()
}

/**
 * What a store answers. A value is not opened where it fails, whatever it fails with, and that is
 * never the sender's fault.
 */
const asked = <T>(work: () => Promise<T>): Promise<T> =>
  blaming('operator', () => work().catch(coded('output_failed', 'the replay store failed', true)))
