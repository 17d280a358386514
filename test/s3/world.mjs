// A bucket, and handlers over it. The endpoint is given, so that every S3 is asked the same.
import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { uploadHandler } from 'sealdrop/s3'
import { begun, cut, sealedBytes } from './messages.mjs'

export const secret = 'a secret of 32 bytes for this test'
export const origins = ['https://app.example.com']

/**
 * The bearer's name is the subject; nobody may send another context than `{ claim }`.
 *
 * @param {any} asked
 */
export function authorize({ request, op, context }) {
  const subject = request.headers.get('authorization')?.slice('Bearer '.length)
  if (op === 'begin' && Object.keys(context).join() !== 'claim') return null
  return subject && subject !== 'nobody' ? { subject } : null
}

/** @param {import('@aws-sdk/client-s3').S3ClientConfig} config */
export async function makeWorld(config) {
  const s3 = new S3Client(config)
  const bucket = `uploads-${randomUUID().slice(0, 8)}`
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  /** @type {import('sealdrop/s3').UploadEvent[]} */
  const events = []
  const make = (o = {}) =>
    uploadHandler({
      s3,
      bucket,
      prefix: 'inbox/',
      authorize,
      secrets: [secret],
      origins,
      onEvent: (event) => events.push(event),
      ...o,
    })
  const handler = make()
  /** An upload of its own message, begun. */
  const upload = async (length, o = {}) => {
    const message = await sealedBytes(length)
    const answer = await begun(o.handler ?? handler, message, o)
    const { session, ...plan } = answer
    return { ...message, answer, session, parts: session ? cut(message.bytes, plan) : [] }
  }
  return { config, s3, bucket, events, make, handler, upload, close: () => s3.destroy() }
}
