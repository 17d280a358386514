// Sealed messages as a page cuts them, and a page that speaks the protocol by fetch alone.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { sealStream } from 'sealdrop'
import * as door from 'sealdrop'
import { lengthOfPart, planUpload } from '#dist/upload/plan.js'
import { parseMessageHeader } from '#dist/formats/parse-message-header.js'
import { keysInHand } from '../support/host.js'

export const MiB = 2 ** 20
export const context = { claim: '7' }
export const hashOf = (bytes) => createHash('sha256').update(bytes).digest('base64url')

/** @returns {Promise<{ bytes: Uint8Array, header: Uint8Array }>} */
export async function sealedBytes(length, o = { context }) {
  const keys = keysInHand(door, 'P-256-enc')
  const { readable } = await sealStream(keys, new Blob([randomBytes(length)]), o)
  const bytes = new Uint8Array(await new Response(readable).arrayBuffer())
  const found = parseMessageHeader(bytes, () => '')
  if (!found) throw new Error('it has no header')
  return { bytes, header: bytes.subarray(0, found.body.length + found.tag.length) }
}

/** The parts of a message, with what `sign` is asked for each. */
export function cut(bytes, plan = planUpload(bytes.length)) {
  return Array.from({ length: plan.parts }, (_, index) => {
    const from = index * plan.partLength
    const data = bytes.subarray(from, from + lengthOfPart(plan, bytes.length, index + 1))
    return { data, asked: { part: index + 1, length: data.length, sha256: hashOf(data) } }
  })
}

/** SHA-256 over the parts' own, or of the whole of one PUT. */
export const compositeOf = (parts) =>
  parts.length > 1
    ? hashOf(Buffer.concat(parts.map(({ asked }) => Buffer.from(asked.sha256, 'base64url'))))
    : parts[0].asked.sha256

export const uploadType = 'application/vnd.sealdrop.upload+json'

/** Asks a handler. @returns the status, and the answer or the error in it */
export async function ask(handler, op, members = {}, o = {}) {
  const { origin = 'https://app.example.com', token = 'acme', ...init } = o
  const headers = { 'content-type': uploadType, origin, authorization: `Bearer ${token}` }
  const body = JSON.stringify({ op, ...members })
  const url = 'https://app.example.com/uploads'
  const answer = await handler(new Request(url, { method: 'POST', headers, body, ...init }))
  const { error, ...found } = await answer.json()
  return { status: answer.status, code: error?.code, message: error?.message, ...found }
}

/**
 * Sends bytes where a URL says, as a page does.
 *
 * A refusal that comes while the body is sent may get lost with its connection. So the body waits
 * for a while, and longer when that was too short.
 *
 * @returns the status and the code of S3
 */
export async function put({ url, headers }, body, wait = 25, left = 20) {
  const length = { 'content-length': body.length, expect: '100-continue' }
  const sending = request(url, { method: 'PUT', headers: { ...headers, ...length } })
  // S3 may refuse before it has read the body: what is still written then fails behind the answer
  sending.on('error', () => {})
  const sends = () => {
    // a little at first: a server that closes with a body unread takes its answer back
    if (body.length > 0) sending.write(body.subarray(0, 1))
    setTimeout(() => !sending.destroyed && sending.end(body.subarray(1)), wait)
  }
  sending.once('continue', sends)
  sending.flushHeaders()
  try {
    const [answer] = await once(sending, 'response')
    const found = await text(answer)
    return { status: answer.statusCode, code: /<Code>(\w+)/.exec(found)?.[1] }
  } catch (error) {
    if (!['ECONNRESET', 'EPIPE'].includes(Object(error).code) || left === 0) throw error
    return await put({ url, headers }, body, Math.min(2 * wait, 800), left - 1)
  } finally {
    sending.destroy()
  }
}

/** Begins an upload of a message. */
export async function begun(handler, { bytes, header }, o = {}) {
  const members = { header: Buffer.from(header).toString('base64url'), length: bytes.length }
  return ask(handler, 'begin', { ...members, ...o.members }, o)
}

/** Signs and sends these parts. */
export async function sent(handler, session, parts, o = {}) {
  const asked = parts.map((part) => part.asked)
  const { parts: signed } = await ask(handler, 'sign', { session, parts: asked }, o)
  return Promise.all(parts.map(({ data }, index) => put(signed[index], data)))
}
