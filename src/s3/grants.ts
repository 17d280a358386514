import { ensure } from '../errors/guard.js'
import { utf8 } from '../bytes/text.js'
import { isFolders } from '../formats/folders.js'
import { isText } from '../formats/json.js'
import type { UploadOp } from '../upload/protocol.js'
import { misconfigured } from './misconfigured.js'
import { readSession, type Session } from './session.js'
import {
  checkParams,
  type BegunUpload,
  type UploadCreateParams,
  type Settings,
  type UploadAsked,
  type UploadGrant,
} from './upload-options.js'

const day = 86_400_000
/** For how long a session is good: as long as a page keeps what it needs to go on. */
export const sessionAge: number = 7 * day
/** For how long after its begin a receipt is answered. */
const receiptAge = 90 * day

const hooks = ['reserve', 'keep', 'release'] as const

/** What is wrong with a grant is the operator's fault, and no page is told of it. */
const isGrant = (grant: UploadGrant): boolean =>
  isText(grant.subject) &&
  grant.subject !== '' &&
  utf8(grant.subject).length <= 1_024 &&
  isFolders(grant.prefix ?? '') &&
  isText(grant.link ?? '') &&
  utf8(grant.link ?? '').length <= 1_024 &&
  hooks.every((name) => ['undefined', 'function'].includes(typeof grant[name]))

/**
 * Asks whether a request may go on.
 *
 * @throws SealdropError `rejected`, or what `authorize` throws
 */
export async function granted(o: Settings, asked: UploadAsked): Promise<UploadGrant> {
  const grant = await o.authorize(asked)
  ensure(grant, 'rejected', 'this may not be sent, or not any more')
  if (!isGrant(grant))
    throw misconfigured('authorize: expected { subject, prefix?, link? } of at most 1,024 bytes')
  return grant
}

/** A session that is good now, and the grant of whoever asks with it. */
export interface Admitted {
  readonly session: Session
  readonly grant: UploadGrant
}

/**
 * Reads a session and asks whether its subject may still go on.
 *
 * @throws SealdropError `rejected`, `expired`, or what `authorize` throws
 */
export async function admitted(
  o: Settings,
  asked: { readonly request: Request; readonly op: Exclude<UploadOp, 'begin'> },
  token: string,
): Promise<Admitted> {
  const session = readSession(token, o.keys)
  const { bucket, key, subject, link, length, begun } = session
  const isOurs = bucket === o.bucket && key.startsWith(o.prefix)
  ensure(isOurs, 'rejected', 'session: of another bucket or prefix')
  const end = asked.op === 'receipt' ? begun + receiptAge : session.expires
  ensure(o.now() < end, 'expired', 'session: its time is over; begin again')
  const times = { begun: new Date(begun), expires: new Date(session.expires) }
  const grant = await granted(o, { ...asked, session: { subject, key, link, length, ...times } })
  const isTheirs = grant.subject === subject && (grant.link ?? '') === link
  ensure(isTheirs, 'rejected', 'session: somebody else began this upload')
  return { session, grant }
}

/** An attempt, as the functions of a grant get it. */
export const attemptOf = ({ key, length, attempt }: BegunUpload): BegunUpload => ({
  key,
  length,
  attempt,
})

/** What `createParams` answers for a grant. @throws SealdropError `output_failed` */
export function paramsFor(o: Settings, grant: UploadGrant): UploadCreateParams {
  try {
    return checkParams(o.createParams?.(grant) ?? {}, 'createParams')
  } catch (cause) {
    throw misconfigured(cause)
  }
}
