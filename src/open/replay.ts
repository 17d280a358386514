import { utf8 } from '../bytes/text.js'
import { toBase64url } from '../bytes/base64url.js'
import { sha256 } from '../crypto/digest.js'
import { SealdropError } from '../errors/sealdrop-error.js'

/**
 * Keeps which values were opened, so that each opens once.
 *
 * All openers that must not open a value twice share one store.
 */
export interface ReplayStore {
  /** Claims an id until a time, in one step; false when it was claimed before. */
  claim(id: string, until: Date): Promise<boolean>
  /** Whether an id was claimed. Where a store has it, a replay is refused before any KMS call. */
  seen?(id: string): Promise<boolean>
}

/**
 * The id of a value: SHA-256 of its text, which has one form only.
 *
 * Its `jti` would not do: anyone who reads it on its way could seal another value with the same
 * `jti`, and have that opened first.
 */
export const replayId = async (jwe: string): Promise<string> => toBase64url(await sha256(utf8(jwe)))

const replayed = (): SealdropError => new SealdropError('replayed', 'this value was opened before')

/** Before KMS: a replay that is known already costs no call. */
export async function checkUnseen(store: ReplayStore | undefined, jwe: string): Promise<void> {
  if (store?.seen && (await store.seen(await replayId(jwe)))) throw replayed()
}

/**
 * Claims a value after its tags verified, or those of all fields of its record.
 *
 * - no plaintext is released before that
 * - a crash, or a store that fails, between claim and release loses the value to this store: the
 *   sender must seal it again
 */
export async function claimOnce(
  store: ReplayStore | undefined,
  jwe: string,
  iat: number | undefined,
  maxAge: number,
): Promise<void> {
  if (!store) return
  // with a maximum age, a value without a time was refused before
  const until = new Date((iat ?? NaN) * 1000 + maxAge + 60_000)
  if (!(await store.claim(await replayId(jwe), until))) throw replayed()
}
