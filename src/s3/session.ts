import { createHmac, timingSafeEqual } from 'node:crypto'
import { fromBase64url, toBase64url } from '../bytes/base64url.js'
import { concat, sized, u64, type Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'
import { fromUtf8, utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import type { UploadPlan } from '../upload/plan.js'

/** What a session says of its upload, since the server keeps nothing (upload.md, "Session"). */
export interface Session {
  readonly mode: UploadPlan['mode']
  readonly bucket: string
  readonly key: string
  /** Of the multipart upload; of one PUT it is empty. */
  readonly uploadId: string
  readonly subject: string
  /** SHA-256 of the message's header, base64url. */
  readonly header: string
  readonly headerLength: number
  readonly length: number
  readonly partLength: number
  /** What the grant named, such as the id of a link; empty where it named none. */
  readonly link: string
  /** 128 random bits, base64url: another begin of the same message has others. */
  readonly attempt: string
  /** The sealed name, base64url; empty where there is none. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly begun: number
  readonly expires: number
}

const macLength = 32
const sessionLabel = 'sealdrop upload session 1'
const keyLabel = 'sealdrop upload key 1'

/** Every field in its order, and how it is written. */
const fields = {
  mode: 'text',
  bucket: 'text',
  key: 'text',
  uploadId: 'text',
  subject: 'text',
  header: 'text',
  headerLength: 'number',
  length: 'number',
  partLength: 'number',
  link: 'text',
  attempt: 'text',
  name: 'text',
  begun: 'number',
  expires: 'number',
} as const satisfies Readonly<Record<keyof Session, 'text' | 'number'>>

/** A text behind its length, or eight bytes. */
const writers = {
  text: (value: string | number): Bytes => sized(2, utf8(String(value))),
  number: (value: string | number): Bytes => u64(Number(value)),
}
const readers = {
  text: (cursor: Cursor): string => fromUtf8(cursor.take(cursor.u16('session'), 'session')) ?? '',
  number: (cursor: Cursor): number => cursor.u32('session') * 2 ** 32 + cursor.u32('session'),
}

const mac = (secret: Bytes, bytes: Bytes): Bytes =>
  new Uint8Array(createHmac('sha256', secret).update(bytes).digest())

/** The token of a session: its fields and their MAC, base64url. */
export function writeSession(session: Session, secret: Bytes): string {
  const names = Object.keys(fields) as (keyof Session)[]
  const payload = concat(
    sized(2, utf8(sessionLabel)),
    ...names.map((name) => writers[fields[name]](session[name])),
  )
  return toBase64url(concat(payload, mac(secret, payload)))
}

/**
 * Reads a token that one of the secrets made.
 *
 * @throws SealdropError `rejected`, whatever is wrong with it
 */
export function readSession(token: string, secrets: readonly Bytes[]): Session {
  const bytes = fromBase64url(token) ?? new Uint8Array()
  const end = Math.max(0, bytes.length - macLength)
  const payload = bytes.slice(0, end)
  // each secret is tried, so that time does not tell which one it was
  const made = secrets.map((secret) => isMac(mac(secret, payload), bytes.subarray(end)))
  ensure(made.includes(true), 'rejected', 'session: it was not made here, or was changed')
  const cursor = new Cursor(payload, 'rejected')
  ensure(readers.text(cursor) === sessionLabel, 'rejected', 'session: of another version')
  const found = Object.entries(fields).map(([name, kind]) => [name, readers[kind](cursor)])
  cursor.end('session')
  return Object.fromEntries(found) as Session
}

const isMac = (expected: Bytes, found: Uint8Array): boolean =>
  found.length === macLength && timingSafeEqual(expected, found)

/** The last part of an object's key: 128 bits that only the secret, the subject and the message make. */
export function keyName(secret: Bytes, subject: string, messageId: Bytes): string {
  const named = mac(secret, sized(2, utf8(keyLabel), utf8(subject), messageId))
  return toBase64url(named.subarray(0, 16))
}

/** How many parts the plan of a session has. */
export const partsOf = ({ mode, length, partLength }: Session): number =>
  mode === 'put' ? 1 : Math.ceil(length / partLength)
