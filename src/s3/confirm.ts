import { createHash } from 'node:crypto'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { nameOf } from '../kms/port/aws-errors.js'
import { asked, headObject, type FoundObject } from './bucket.js'
import { paramsFor, type Admitted } from './grants.js'
import type { Session } from './session.js'
import type { Settings } from './upload-options.js'

/** An object that is whole, and that its session was made for. */
export interface Confirmed {
  readonly done: true
  readonly key: string
  readonly version?: string
}

/** The tag of an object whose header is not the one that was inspected at begin. */
export const refusedTag = { Key: 'sealdrop', Value: 'context_mismatch' } as const

/** SHA-256 of the first bytes of exactly the object that was found. */
async function headerHash(
  { s3, bucket: Bucket }: Settings,
  { key: Key, headerLength }: Session,
  { etag: IfMatch, version: VersionId }: FoundObject,
): Promise<string> {
  const bytes = await asked(async (sdk, o) => {
    const Range = `bytes=0-${headerLength - 1}`
    const input = { Bucket, Key, Range, IfMatch, VersionId }
    const { Body } = await s3.send(new sdk.GetObjectCommand(input), o)
    return (await Body?.transformToByteArray()) ?? new Uint8Array()
  })
  return createHash('sha256').update(bytes).digest('base64url')
}

/** Marks an object that must not be opened as what it was announced. Other tags of ours stay. */
async function tag(
  o: Settings,
  { session: { key: Key }, grant }: Admitted,
  { version: VersionId }: FoundObject,
): Promise<void> {
  const { s3, bucket: Bucket } = o
  const given = [...new URLSearchParams(paramsFor(o, grant).Tagging)]
  const TagSet = [...given.map(([key, Value]) => ({ Key: key, Value })), refusedTag]
  await asked((sdk, options) => {
    const input = { Bucket, Key, VersionId, Tagging: { TagSet } }
    return s3.send(new sdk.PutObjectTaggingCommand(input), options)
  })
}

/**
 * Looks at what stands under the key: undefined where nothing does.
 *
 * @throws SealdropError `conflict` where it is another object, `context_mismatch` where its header
 *   is not the one that was authorized, `output_failed`
 */
export async function confirmed(
  o: Settings,
  admitted: Admitted,
  checksum: string,
): Promise<Confirmed | undefined> {
  const { session } = admitted
  const found = await headObject(o, session)
  if (!found) return undefined
  ensure(
    found.checksum === checksum && found.length === session.length,
    'conflict',
    'another object stands under this key: begin a new upload',
  )
  const hash = await headerHash(o, session, found).catch((error: unknown) => {
    const changed = nameOf((error as Error).cause) === 'PreconditionFailed'
    throw changed ? new SealdropError('conflict', 'the object was changed meanwhile') : error
  })
  if (hash !== session.header) {
    await tag(o, admitted, found)
    throw new SealdropError(
      'context_mismatch',
      'the object begins with another header than the one that was announced',
    )
  }
  const { version } = found
  return { done: true, key: session.key, ...(version !== undefined && { version }) }
}
