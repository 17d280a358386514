import type { Bytes } from './bytes.js'
import { binary } from './text.js'

declare const checked: unique symbol

/** Text that is known to be base64url in its canonical form, so that it can be decoded. */
export type Base64url = string & { readonly [checked]: true }

/** What fast encoders look like where a host has them; both are probed, never assumed. */
interface NodeBuffer {
  from(bytes: Uint8Array): { toString(encoding: 'base64url'): Base64url }
  from(text: string, encoding: 'base64url'): Uint8Array<ArrayBuffer>
}
interface NativeBase64 {
  toBase64?(o: { alphabet: 'base64url'; omitPadding: boolean }): Base64url
}
interface NativeFromBase64 {
  fromBase64?(text: string, o: { alphabet: 'base64url' }): Bytes
}

/** A host with Node's modules; `Buffer` on the page may be a polyfill that does less. */
interface NodeLike {
  readonly process?: {
    getBuiltinModule?(name: 'buffer'): { readonly Buffer: NodeBuffer } | undefined
  }
}

/**
 * Node's own decoder. In Node 20 a loop would cost more than the cryptography (performance.md, 10).
 */
const nodeBuffer = (): NodeBuffer | undefined =>
  (globalThis as NodeLike).process?.getBuiltinModule?.('buffer')?.['Buffer']

/** Encodes as RFC 4648 §5 without padding. */
export function toBase64url(bytes: Uint8Array): Base64url {
  const native = bytes as NativeBase64
  if (native.toBase64) return native.toBase64({ alphabet: 'base64url', omitPadding: true })
  const buffer = nodeBuffer()
  if (buffer) return buffer.from(bytes).toString('base64url')
  const encoded = btoa(binary(bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  return encoded as Base64url
}

/** What may follow groups of four: its last character has no unused bit set. */
const canonicalRest = /^(.[AQgw]|..[AEIMQUYcgkosw048])?$/

/**
 * Decodes RFC 4648 §5 without padding, in the canonical form only; undefined for anything else.
 *
 * There is one string for one byte string, so that no bit of a token can change unseen
 * (RFC 7515 §2, RFC 4648 §3.5).
 */
export function fromBase64url(text: Base64url): Bytes
export function fromBase64url(text: string): Bytes | undefined
export function fromBase64url(text: string): Bytes | undefined {
  const rest = text.slice(text.length & ~3)
  if (!/^[\w-]*$/.test(text) || !canonicalRest.test(rest)) return undefined
  const native = Uint8Array as NativeFromBase64
  if (native.fromBase64) return native.fromBase64(text, { alphabet: 'base64url' })
  const buffer = nodeBuffer()
  if (buffer) return new Uint8Array(buffer.from(text, 'base64url'))
  const decoded = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(decoded, (c) => c.charCodeAt(0))
}

/**
 * Decodes standard base64 (RFC 4648 §4), padded or not, as in PEM and in AWS's JSON.
 *
 * White space is ignored.
 */
export function fromBase64(text: string): Bytes | undefined {
  return fromBase64url(
    text
      .replace(/\s+/g, '')
      .replace(/={0,2}$/, '')
      .replace(/\+/g, '-')
      .replace(/\//g, '_'),
  )
}
