// What is derived of a file key: C2SP's age format, "Header MAC" and "Payload".
import { createHmac, hkdfSync } from 'node:crypto'
import { equal, type Bytes } from '../bytes/bytes.js'
import type { Header } from './header.js'

/** Bytes of a file key. */
export const fileKeyLength = 16
export const nonceLength = 16

/** Overwrites secrets, where that is possible: copies that the host made stay. */
export const wipe = (...secrets: readonly (Uint8Array | undefined)[]): void =>
  secrets.forEach((secret) => secret?.fill(0))

const derived = (fileKey: Uint8Array, salt: Uint8Array, info: string): Bytes =>
  new Uint8Array(hkdfSync('sha256', fileKey, salt, info, 32))

/** The MAC of a header under a file key. */
export function headerMac(fileKey: Uint8Array, authentic: Bytes): Bytes {
  const key = derived(fileKey, new Uint8Array(), 'header')
  const mac = createHmac('sha256', key).update(authentic).digest()
  wipe(key)
  return new Uint8Array(mac)
}

/** Whether a header is the one that was written with this file key. */
export const isAuthentic = (fileKey: Uint8Array, { authentic, mac }: Header): boolean =>
  equal(headerMac(fileKey, authentic), mac)

export const payloadKey = (fileKey: Uint8Array, nonce: Bytes): Bytes =>
  derived(fileKey, nonce, 'payload')
