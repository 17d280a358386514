import { ensure } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { UploadAnswers } from '../../upload/protocol.js'
import { askedFor, headObject, partsPage } from '../bucket.js'
import { attemptOf, type Admitted } from '../grants.js'
import type { Session } from '../session.js'
import type { Settings } from '../upload-options.js'

/** A part that is on its way may land after an abort, so it is repeated until nothing is listed. */
async function abortParts(
  o: Settings,
  { key: Key, uploadId: UploadId }: Session,
): Promise<boolean> {
  const { s3, bucket: Bucket } = o
  for (let tries = 0; tries < 5; tries++) {
    await askedFor((sdk, options) =>
      s3.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options),
    )
    const page = await partsPage(o, { key: Key, uploadId: UploadId }, { most: 1 })
    if (!page || page.parts.length === 0) return true
  }
  return false
}

/** Ends an upload that has no object yet (upload.md, "abort"). */
export async function abort(
  o: Settings,
  { session, grant }: Admitted,
): Promise<UploadAnswers['abort']> {
  const isParts = session.mode === 'multipart'
  if (isParts && !(await abortParts(o, session)))
    throw new SealdropError('output_failed', 'parts are still arriving', { retryable: true })
  ensure(!(await headObject(o, session)), 'conflict', 'the object is whole already')
  // whoever has a URL of one PUT may still use it
  if (isParts) await grant.release?.(attemptOf(session))
  return { aborted: true }
}
