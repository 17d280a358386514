// The header of an age file: C2SP's age format, "Header".
import { concat, type Bytes } from '../bytes/bytes.js'
import { ensure, shown } from '../errors/guard.js'
import { fromRawBase64, toRawBase64 } from './base64.js'

/** One recipient stanza: a file key, wrapped for somebody. */
export interface Stanza {
  /** Its first argument: `p256tag`. */
  readonly type: string
  /** The arguments behind its type. */
  readonly args: readonly string[]
  readonly body: Bytes
}

/** A header as it was read. */
export interface Header {
  readonly stanzas: readonly Stanza[]
  /** What the MAC is computed of: everything up to its mark. */
  readonly authentic: Bytes
  readonly mac: Bytes
  /** Bytes of the whole header. */
  readonly length: number
}

const versionLine = 'age-encryption.org/v1'
const columns = 64
const macLength = 32

const latin1 = (bytes: Uint8Array): string =>
  Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, i) =>
    String.fromCharCode(...bytes.subarray(i * 8192, (i + 1) * 8192)),
  ).join('')

/** Whether text begins as the header of an age file of any version does. */
export const beginsAsAge = (text: string): boolean => text.startsWith('age-encryption.org/')

/**
 * Where the header ends: behind the line of its MAC. Undefined where that has not come yet.
 *
 * No line of a stanza begins with a hyphen but the one with its arguments, which begins with `->`.
 */
function endOf(text: string): readonly [mark: number, end: number] | undefined {
  const at = text.indexOf('\n---')
  const end = at < 0 ? -1 : text.indexOf('\n', at + 1)
  return end < 0 ? undefined : [at + 4, end + 1]
}

/**
 * Reads a header from the front of bytes; undefined where more of them are needed.
 *
 * @throws SealdropError `malformed`, `too_large`, `unsupported_algorithm`
 */
export function parseHeader(bytes: Bytes, mostStanzas: number): Header | undefined {
  const text = latin1(bytes)
  checkVersion(text)
  const found = endOf(text)
  if (!found) return undefined
  const [mark, end] = found
  const lines = text.slice(0, end - 1).split('\n')
  const stanzas = stanzasOf(lines.slice(1, -1), mostStanzas)
  return {
    stanzas,
    authentic: bytes.slice(0, mark),
    mac: macOf(lines.at(-1) ?? ''),
    length: end,
  }
}

function checkVersion(text: string): void {
  const end = text.indexOf('\n')
  const line = end < 0 ? text.slice(0, 200) : text.slice(0, end)
  if (end < 0 && versionLine.startsWith(line)) return
  const [, version] = /^age-encryption\.org\/([!-~]+)$/.exec(line) ?? []
  ensure(version !== undefined, 'malformed', 'age header: expected age-encryption.org/v1 first')
  ensure(
    line === versionLine,
    'unsupported_algorithm',
    `age header: expected the version v1, found ${shown(version)}`,
  )
}

function macOf(line: string): Bytes {
  const mac = line.startsWith('--- ') ? fromRawBase64(line.slice(4)) : undefined
  ensure(
    mac?.length === macLength,
    'malformed',
    'age header: expected --- and 32 bytes in base64 as its last line',
  )
  return mac
}

function stanzasOf(lines: readonly string[], most: number): readonly Stanza[] {
  const stanzas: Stanza[] = []
  for (let at = 0; at < lines.length;) {
    const [stanza, next] = stanzaAt(lines, at)
    stanzas.push(stanza)
    ensure(
      stanzas.length <= most,
      'too_large',
      `age header: expected at most ${most} stanzas; a larger one can be allowed`,
    )
    at = next
  }
  ensure(stanzas.length > 0, 'malformed', 'age header: expected a recipient stanza')
  ensure(
    stanzas.length === 1 || stanzas.every(({ type }) => type !== 'scrypt'),
    'malformed',
    'age header: a passphrase is the only recipient, or none',
  )
  return stanzas
}

/** The stanza that begins at a line, and the line behind it. */
export function stanzaAt(
  lines: readonly string[],
  at: number,
): readonly [stanza: Stanza, next: number] {
  const line = lines[at] ?? ''
  const [type = '', ...args] = line.startsWith('-> ') ? line.slice(3).split(' ') : []
  ensure(
    [type, ...args].every((argument) => /^[!-~]+$/.test(argument)),
    'malformed',
    `age header: expected -> and arguments, each after one space, in line ${at + 2}`,
  )
  const last = lines.findIndex((body, i) => i > at && body.length < columns)
  const full = lines.slice(at + 1, last < 0 ? undefined : last + 1)
  const body = fromRawBase64(full.join(''))
  ensure(
    last > at && body && full.every(({ length }) => length <= columns),
    'malformed',
    `age header: expected lines of 64 columns of base64 and a shorter one below line ${at + 2}`,
  )
  return [{ type, args, body }, last + 1]
}

/** Writes a stanza with its lines, each ended. */
export function stanzaText({ type, args, body }: Stanza): string {
  const text = toRawBase64(body)
  const lines = text.match(/.{64}/g) ?? []
  const rest = text.slice(lines.length * columns)
  return `${[`-> ${[type, ...args].join(' ')}`, ...lines, rest].join('\n')}\n`
}

/** Writes a header. The MAC is asked for what it is computed of. */
export function headerBytes(
  stanzas: readonly Stanza[],
  mac: (authentic: Bytes) => Uint8Array,
): Bytes {
  const authentic = concat(`${versionLine}\n${stanzas.map(stanzaText).join('')}---`)
  return concat(authentic, ` ${toRawBase64(mac(authentic))}\n`)
}
