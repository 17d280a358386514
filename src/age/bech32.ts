// Bech32 (BIP 173) without its limit of length, as age writes recipients and identities.
import type { Bytes } from '../bytes/bytes.js'

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const checksumLength = 6

function checksum(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    generator.forEach((term, bit) => {
      if ((top >>> bit) & 1) sum ^= term
    })
  }
  return sum
}

/** What of the prefix goes into the checksum. */
function expanded(prefix: string): readonly number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0))
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)]
}

/** Bits in groups of another size. Undefined where what is left over is more than padding. */
function regrouped(values: Iterable<number>, from: number, to: number): number[] | undefined {
  const isWidening = to > from
  const groups: number[] = []
  let held = 0
  let bits = 0
  for (const value of values) {
    held = ((held << from) | value) & 0xfff
    bits += from
    while (bits >= to) {
      bits -= to
      groups.push((held >>> bits) & (2 ** to - 1))
    }
  }
  const rest = (held << (to - bits)) & (2 ** to - 1)
  if (!isWidening && bits > 0) groups.push(rest)
  return isWidening && (bits >= from || rest !== 0) ? undefined : groups
}

/** Writes bytes behind a prefix, in small letters. */
export function toBech32(prefix: string, bytes: Uint8Array): string {
  const values = regrouped(bytes, 8, 5) as number[]
  const sum = checksum([...expanded(prefix), ...values, 0, 0, 0, 0, 0, 0]) ^ 1
  const check = Array.from({ length: checksumLength }, (_, i) => (sum >>> (5 * (5 - i))) & 31)
  return `${prefix}1${[...values, ...check].map((value) => alphabet[value]).join('')}`
}

/**
 * Reads bytes behind a prefix; undefined for anything else.
 *
 * Letters are all small or all capital. The prefix is answered in small ones.
 */
export function fromBech32(
  text: string,
): { readonly prefix: string; readonly bytes: Bytes } | undefined {
  const small = text.toLowerCase()
  if (text !== small && text !== text.toUpperCase()) return undefined
  const at = small.lastIndexOf('1')
  const prefix = small.slice(0, at)
  const values = Array.from(small.slice(at + 1), (character) => alphabet.indexOf(character))
  const isRead = /^[!-~]+$/.test(prefix) && values.length >= checksumLength && !values.includes(-1)
  if (!isRead || checksum([...expanded(prefix), ...values]) !== 1) return undefined
  const bytes = regrouped(values.slice(0, -checksumLength), 5, 8)
  return bytes && { prefix, bytes: Uint8Array.from(bytes) }
}
