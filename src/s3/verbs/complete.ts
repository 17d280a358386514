import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { fromBase64url } from '../../bytes/base64url.js'
import { ensure } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { nameOf } from '../../kms/port/aws-errors.js'
import { lengthOfPart } from '../../upload/plan.js'
import type { UploadAnswers, UploadRequests } from '../../upload/protocol.js'
import { allParts, asked, statusOf, toS3, type ListedPart } from '../bucket.js'
import { confirmed } from '../confirm.js'
import { attemptOf, type Admitted } from '../grants.js'
import { partsOf, type Session } from '../session.js'
import type { Settings } from '../upload-options.js'

const conflict = (message: string): SealdropError => new SealdropError('conflict', message)
const gone = (): SealdropError =>
  conflict('the upload is gone, and no object is there: begin a new one')

type Parts = ReadonlyMap<number, ListedPart>

/** Numbers from 1 to N of which nothing was listed. */
const missingOf = (parts: Parts, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index + 1).filter((part) => !parts.has(part))

/** Lists until nothing is missing: a part that was answered with 200 may be listed a little later. */
async function listed(o: Settings, session: Session): Promise<Parts | undefined> {
  const count = partsOf(session)
  for (let again = 0; ; again++) {
    const parts = await allParts(o, session)
    if (!parts || again === 3 || missingOf(parts, count).length === 0) return parts
    await setTimeout(200 * (again + 1))
  }
}

/** Whether what is listed is what the page sealed: all lengths, and the checksum over all. */
function checkParts(parts: Parts, session: Session, sha256: string): void {
  const count = partsOf(session)
  const composite = createHash('sha256')
  for (let part = 1; part <= count; part++) {
    const found = parts.get(part)
    const expected = lengthOfPart({ ...session, parts: count }, session.length, part)
    ensure(found?.length === expected, 'conflict', `part ${part}: it is there with another length`)
    composite.update(fromBase64url(found.sha256) ?? '')
  }
  ensure(
    parts.size === count && composite.digest('base64url') === sha256,
    'conflict',
    'the parts that are there are not those that the page sealed',
  )
}

/** What S3 may say of an upload that is complete, or that can be completed by asking again. */
const open: readonly unknown[] = [
  'PreconditionFailed',
  'ConditionalRequestConflict',
  'NoSuchUpload',
  'InvalidPart',
]

/** @returns what S3 said instead of 200; anything that another try cannot mend is thrown */
async function tryComplete(
  { s3, bucket: Bucket }: Settings,
  { key: Key, uploadId: UploadId, length: MpuObjectSize }: Session,
  parts: Parts,
  ChecksumSHA256: string,
): Promise<unknown> {
  const Parts = [...parts.values()].map(({ part, etag, sha256 }) => ({
    PartNumber: part,
    ETag: etag,
    ChecksumSHA256: toS3(sha256),
  }))
  const sums = { ChecksumSHA256, ChecksumType: 'COMPOSITE', MpuObjectSize } as const
  const input = { Bucket, Key, UploadId, MultipartUpload: { Parts }, ...sums, IfNoneMatch: '*' }
  try {
    await asked((sdk, options) => s3.send(new sdk.CompleteMultipartUploadCommand(input), options))
    return undefined
  } catch (error) {
    const { cause, retryable } = error as SealdropError
    if (!retryable && !open.includes(nameOf(cause)) && statusOf(cause) !== 200) throw error
    return cause
  }
}

/** Why this attempt may not be completed. Another one may have made the object already. */
async function notKept({ session, grant }: Admitted): Promise<{ why: unknown } | undefined> {
  try {
    await grant.keep?.(attemptOf(session))
    return undefined
  } catch (why) {
    return { why }
  }
}

/** Completes an upload of parts, however often it is asked (upload.md, "complete"). */
async function completeParts(
  o: Settings,
  admitted: Admitted,
  sha256: string,
): Promise<UploadAnswers['complete']> {
  const { session } = admitted
  const count = partsOf(session)
  const checksum = `${toS3(sha256)}-${count}`
  let cause: unknown
  for (let tries = 0; tries < 3; tries++) {
    const parts = await listed(o, session)
    const missing = parts ? missingOf(parts, count) : []
    if (missing.length > 0) return { done: false, missing }
    if (parts) checkParts(parts, session, sha256)
    const refused = parts && (await notKept(admitted))
    if (parts && !refused) cause = await tryComplete(o, session, parts, checksum)
    const done = await confirmed(o, admitted, checksum)
    if (done) return done
    if (refused) throw refused.why
    if (!parts) throw gone()
    if (nameOf(cause) === 'ConditionalRequestConflict')
      throw conflict('another upload to this key is being completed: begin a new one')
  }
  throw new SealdropError('output_failed', 'the bucket did not complete it', {
    cause,
    retryable: true,
  })
}

/** Answers once the object is whole and is the one that was authorized. */
export async function complete(
  o: Settings,
  admitted: Admitted,
  { sha256 }: UploadRequests['complete'],
): Promise<UploadAnswers['complete']> {
  if (admitted.session.mode === 'multipart') return completeParts(o, admitted, sha256)
  return (await confirmed(o, admitted, toS3(sha256))) ?? { done: false, missing: [1] }
}
