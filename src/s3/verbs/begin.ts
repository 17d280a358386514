import { createHash } from 'node:crypto'
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
import { keyName, writeSession } from '../session.js'
import type { Settings } from '../upload-options.js'

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
  const { mode } = plan
  const uploadId =
    mode === 'multipart' ? await createUpload(o, key, objectInput(name, paramsFor(o, grant))) : ''
  const session = writeSession(
    {
      mode,
      bucket: o.bucket,
      key,
      uploadId,
      subject: grant.subject,
      header: createHash('sha256').update(bytes).digest('base64url'),
      headerLength: bytes.length,
      length,
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
