import { ensure } from '../../errors/guard.js'
import { lengthOfPart } from '../../upload/plan.js'
import type { UploadAnswers, UploadPart, UploadRequests } from '../../upload/protocol.js'
import { paramsFor, type Admitted } from '../grants.js'
import { partsOf, type Session } from '../session.js'
import { signPut, urlAge } from '../sign-put.js'
import type { Settings } from '../upload-options.js'

/** Only a part of the plan is signed, with exactly its length: so bytes are bounded without state. */
function checkPart(session: Session, { part, length }: UploadPart): void {
  const parts = partsOf(session)
  ensure(
    Number.isInteger(part) && part >= 1 && part <= parts,
    'invalid_argument',
    `part: expected 1 to ${parts}`,
  )
  const expected = lengthOfPart({ ...session, parts }, session.length, part)
  ensure(length === expected, 'invalid_argument', `part ${part}: expected ${expected} bytes`)
}

/** Answers where each part is sent, for 15 minutes (upload.md, "sign"). */
export async function sign(
  o: Settings,
  { session, grant }: Admitted,
  { parts }: UploadRequests['sign'],
): Promise<UploadAnswers['sign']> {
  for (const part of parts) checkPart(session, part)
  const params = session.mode === 'put' ? paramsFor(o, grant) : {}
  const expires = Math.min(o.now() + urlAge, session.expires)
  const signed = await Promise.all(parts.map((part) => signPut(o, session, part, params)))
  return { parts: signed, expires }
}
