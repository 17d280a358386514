import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { JweHeader } from '../formats/jwe.js'

/** Where message ids are kept so that a value opens once. Shared by all openers that must not open it twice. */
export interface ReplayStore {
  /** Claims an id, in one step, until a time; false when it was claimed before. */
  claim(id: string, until: Date): Promise<boolean>
  /** Whether an id was claimed. Where it is there, a replay is refused before any KMS call. */
  seen?(id: string): Promise<boolean>
}

const replayed = (): SealdropError => new SealdropError('replayed', 'a value with this message id was opened before')

/** Before KMS: a replay that is known already costs no call. */
export async function checkUnseen(store: ReplayStore | undefined, { jti }: JweHeader): Promise<void> {
  if (!store) return
  ensure(jti !== undefined && jti !== '', 'malformed', 'JWE header: jti is missing, and this opener opens every message once')
  if (await store.seen?.(jti)) throw replayed()
}

/**
 * After the tags of a value, or of all fields of a record, verified and before plaintext is released. A crash between claim and release loses the value to
 * this store: the sender must seal it again.
 */
export async function claimOnce(store: ReplayStore | undefined, { jti, iat }: JweHeader, maxAge: number): Promise<void> {
  if (store && !await store.claim(jti!, new Date(iat! * 1000 + maxAge + 60_000))) throw replayed()
}
