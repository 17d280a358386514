import { ensure } from '../../errors/guard.js'
import { partsAtOnce, type UploadAnswers, type UploadRequests } from '../../upload/protocol.js'
import { fromS3, headObject, partsPage, type FoundObject } from '../bucket.js'
import type { Admitted } from '../grants.js'
import type { Settings } from '../upload-options.js'

const nothing = { parts: [], more: false } as const

/** The checksum of a whole, without the number of parts behind it. */
const objectOf = ({ length, checksum }: FoundObject): { length: number; sha256: string } => ({
  length,
  sha256: fromS3(checksum.replace(/-\d+$/, '')),
})

/** Answers what is there, with lengths and checksums (upload.md, "list"). */
export async function list(
  o: Settings,
  { session }: Admitted,
  { after = 0 }: UploadRequests['list'],
): Promise<UploadAnswers['list']> {
  const page =
    session.mode === 'multipart'
      ? await partsPage(o, session, { after, most: partsAtOnce.list })
      : undefined
  if (page)
    return {
      ...page,
      parts: page.parts.map(({ part, length, sha256 }) => ({ part, length, sha256 })),
    }
  const found = await headObject(o, session)
  ensure(
    found ?? session.mode === 'put',
    'conflict',
    'the upload is gone, and no object is there: begin again',
  )
  return found ? { ...nothing, object: objectOf(found) } : nothing
}
