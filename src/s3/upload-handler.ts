import { blamingNow } from '../errors/whose.js'
import { answerUpload } from './answering.js'
import { checkedSettings, type UploadHandlerOptions } from './upload-options.js'

/**
 * Makes a handler of partners' uploads: it signs URLs of S3 for the bytes that a page has sealed.
 *
 * - it speaks the protocol of `docs/formats/upload.md`, at one URL, and keeps no state
 * - nothing is created before the message's header was read and `authorize` granted it
 * - every URL binds key, length and SHA-256 of one part, for 15 minutes
 * - it opens nothing, and needs no key of KMS
 * - it never throws: each failure is an answer, and is told to `onEvent`
 * - under `node:http` and Express `uploadListener` does the same
 *
 * @param o - bucket, prefix, who may send, secrets, origins
 * @returns a function that takes a Request and answers a Response
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong
 * @example
 *   ```js
 *   import { randomBytes } from 'node:crypto'
 *   import { S3Client } from '@aws-sdk/client-s3'
 *   import { uploadHandler } from 'sealdrop/s3'
 *   const authorize = ({ request }) =>
 *     request.headers.get('authorization') === 'Bearer acme' ? { subject: 'acme' } : null
 *   const to = { s3: new S3Client({}), bucket: 'uploads', prefix: 'inbox/' }
 *   const origins = ['https://app.example.com']
 *   const handler = uploadHandler({ ...to, authorize, origins, secrets: [randomBytes(32)] })
 *   const answer = await handler(new Request('https://app.example.com/', { method: 'POST' }))
 *   console.log(answer.status) // 415
 *   ```
 * @see upload.md
 */
export function uploadHandler(o: UploadHandlerOptions): (request: Request) => Promise<Response> {
  const settings = blamingNow(() => checkedSettings(o))
  return async (request) => answerUpload(settings, request)
}
