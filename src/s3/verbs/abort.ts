import { ensure } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { UploadAnswers } from '../../upload/protocol.js'
import { askedFor, headObject, partsPage } from '../bucket.js'
import { attemptOf, type Admitted } from '../grants.js'
import type { Session } from '../session.js'
import type { Settings } from '../upload-options.js'

/**
 * A part that is on its way may land after an abort, so it is repeated until nothing is listed.
 *
 * @returns whether the upload was open until now: what was completed is open no more
 */
async function abortParts(o: Settings, session: Session): Promise<boolean> {
  const { s3, bucket: Bucket } = o
  const { key: Key, uploadId: UploadId } = session
  const isListed = async () => partsPage(o, session, { most: 1 })
  let wasOpen = (await isListed()) !== undefined
  for (let tries = 0; tries < 5; tries++) {
    const answer = await askedFor((sdk, options) =>
      s3.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options),
    )
    if (tries === 0 && !answer) wasOpen = false
    const page = await isListed()
    if (!page || page.parts.length === 0) return wasOpen
  }
  throw new SealdropError('output_failed', 'parts are still arriving', { retryable: true })
}

/** Ends an upload that has no object yet (upload.md, "abort"). */
export async function abort(
  o: Settings,
  { session, grant }: Admitted,
): Promise<UploadAnswers['abort']> {
  const isParts = session.mode === 'multipart'
  const wasOpen = isParts && (await abortParts(o, session))
  ensure(!(await headObject(o, session)), 'conflict', 'the object is whole already')
  // whoever has a URL of one PUT may still use it
  if (isParts) await grant.release?.(attemptOf(session), wasOpen)
  return { aborted: true }
}
