import type { UploadAnswers } from '../../upload/protocol.js'
import { askedFor } from '../bucket.js'
import type { Admitted } from '../grants.js'
import type { Settings } from '../upload-options.js'

/** The longest receipt that is handed on, in bytes. */
const longest = 49_152

/** Answers what the opener left for this object (upload.md, "receipt"). */
export async function receipt(
  { s3, bucket: Bucket, receipts }: Settings,
  { session: { key } }: Admitted,
): Promise<UploadAnswers['receipt']> {
  const text = await askedFor(async (sdk, o) => {
    const input = { Bucket, Key: `${receipts}${key}`, Range: `bytes=0-${longest - 1}` }
    const { Body } = await s3.send(new sdk.GetObjectCommand(input), o)
    return Body?.transformToString()
  })
  return { receipt: text ?? null }
}
