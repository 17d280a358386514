// Tells the page what the companion read, so that you can see that it could. A real companion
// stores what it opened and answers with the receipt alone. Anyone can seal anything, so nothing is
// assumed about the form of what was opened.
import { createHash } from 'node:crypto'

export function describeForm(form, size) {
  const entries =
    form !== null && typeof form === 'object' ? Object.entries(form).slice(0, 8) : [['value', form]]
  return {
    kind: 'form',
    size,
    fields: entries.map(([name, value]) => ({
      name: short(name, 40),
      value: short(typeof value === 'string' ? value : JSON.stringify(value), 160),
    })),
  }
}

/**
 * Reads a file to its end and keeps only its first bytes. What was read counts once the stream
 * ended without an error.
 */
export async function describeFile(readable) {
  const hash = createHash('sha256')
  const first = Buffer.alloc(4096)
  let size = 0
  for await (const chunk of readable) {
    if (size < first.length) first.set(chunk.subarray(0, first.length - size), size)
    size += chunk.length
    hash.update(chunk)
  }
  const start = first.subarray(0, size)
  const text = textOf(start, size > start.length)
  return {
    kind: 'file',
    type: typeOf(start) ?? (text === undefined ? 'Binary data' : 'Text'),
    size,
    sha256: hash.digest('hex'),
    preview: text === undefined ? short(hexOf(start.subarray(0, 24)), 80) : short(text, 160),
  }
}

const hexOf = (bytes) => bytes.toString('hex').replace(/(..)(?=.)/g, '$1 ')

const short = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text)

/** How files of each type begin, as texts by their place. */
const beginnings = {
  'PNG image': { 0: '\x89PNG\r\n' },
  'JPEG image': { 0: '\xff\xd8\xff' },
  'GIF image': { 0: 'GIF8' },
  'PDF document': { 0: '%PDF-' },
  'ZIP archive or Office document': { 0: 'PK\x03\x04' },
  'WebP image': { 0: 'RIFF', 8: 'WEBP' },
  'MP4 or HEIF media': { 4: 'ftyp' },
}

function typeOf(bytes) {
  const start = bytes.subarray(0, 12).toString('latin1')
  return Object.keys(beginnings).find((type) =>
    Object.entries(beginnings[type]).every(([at, text]) => start.startsWith(text, Number(at))),
  )
}

/** All of ASCII but white space. */
const isControl = (byte) => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d)

function textOf(bytes, cut) {
  try {
    // a cut may go through a character
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut })
    return bytes.some(isControl) ? undefined : text
  } catch {
    return undefined
  }
}
