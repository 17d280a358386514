import { createHash, randomBytes } from 'node:crypto'
import { fromBase64url, toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { recipientNameOf } from '../../envelope/recipient-name.js'
import { ensure } from '../../errors/guard.js'
import { layoutOf } from '../../formats/frames.js'
import { tagLength } from '../../formats/message-header.js'
import { parseMessageHeader, type MessageHeader } from '../../formats/parse-message-header.js'
import { planUpload } from '../../upload/plan.js'
import type { UploadAnswers, UploadRequests } from '../../upload/protocol.js'
import { createUpload, objectInput } from '../bucket.js'
import { granted, paramsFor, sessionAge } from '../grants.js'
import { keyName, writeSession, type Session } from '../session.js'
import type { BegunUpload, Settings, UploadGrant } from '../upload-options.js'

/** The header of a message that can be so long. Nothing is created before it was looked at. */
function headerOf(bytes: Bytes, length: number): MessageHeader {
  const header = parseMessageHeader(bytes, (version, suite) => `${version} and ${suite}`)
  ensure(
    header && header.body.length + tagLength === bytes.length,
    'malformed',
    'header: expected the header of one message from its first byte to its tag',
  )
  ensure(
    layoutOf(length - bytes.length, header.frameLength),
    'malformed',
    'length: no message with this header has so many bytes',
  )
  return header
}

/** Looks at the header, asks whether it may be sent, and makes a session (upload.md, "begin"). */
export async function begin(
  o: Settings,
  request: Request,
  { header: text, length, partLength, name = '' }: UploadRequests['begin'],
): Promise<UploadAnswers['begin']> {
  const bytes = fromBase64url(text) ?? new Uint8Array()
  const { context, dataKeys, messageId } = headerOf(bytes, length)
  ensure(length <= o.maxLength, 'too_large', `length: expected at most ${o.maxLength} bytes`)
  const plan = planUpload(length, partLength)
  const grant = await granted(o, {
    request,
    op: 'begin',
    context,
    recipients: dataKeys.map((dataKey) => recipientNameOf(dataKey) ?? dataKey.provider),
    messageId: toBase64url(messageId),
    length,
  })
  const [secret = bytes] = o.keys
  const key = `${o.prefix}${grant.prefix ?? ''}${keyName(secret, grant.subject, messageId)}`
  const begun = o.now()
  const expires = begun + sessionAge
  const upload: BegunUpload = { key, length, attempt: randomBytes(16).toString('base64url') }
  const { mode } = plan
  const session = writeSession(
    {
      mode,
      bucket: o.bucket,
      uploadId: await created(o, grant, upload, { mode, name }),
      subject: grant.subject,
      header: createHash('sha256').update(bytes).digest('base64url'),
      headerLength: bytes.length,
      ...upload,
      partLength: plan.partLength,
      link: grant.link ?? '',
      name,
      begun,
      expires,
    },
    secret,
  )
  return { ...plan, session, expires }
}

/**
 * Reserves, and then creates what S3 must have before the first part.
 *
 * Where one of them fails, it is released: a begin that nobody has a session of goes on nowhere.
 *
 * @returns the id of the multipart upload; empty text for one PUT
 */
async function created(
  o: Settings,
  grant: UploadGrant,
  upload: BegunUpload,
  { mode, name }: Pick<Session, 'mode' | 'name'>,
): Promise<string> {
  const input = mode === 'multipart' ? objectInput(name, paramsFor(o, grant)) : undefined
  try {
    await grant.reserve?.(upload)
    return input ? await createUpload(o, upload.key, input) : ''
  } catch (error) {
    // what is not released now ends with what it was reserved from
    await released(grant, upload).catch(() => {})
    throw error
  }
}

const released = async (grant: UploadGrant, upload: BegunUpload): Promise<unknown> =>
  grant.release?.(upload, false)
