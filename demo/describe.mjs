// A real companion stores what it opened and answers with the receipt alone. This one tells the
// page what it read, so that you can see that it could. Anyone can seal anything, so nothing is
// believed about the shape of what was opened.
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
 * Reads a file to its end and keeps its first bytes only. What was read counts when the stream
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
    preview:
      text === undefined
        ? short(
            start
              .subarray(0, 24)
              .toString('hex')
              .replace(/(..)(?=.)/g, '$1 '),
            80,
          )
        : short(text, 160),
  }
}

const short = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text)

function typeOf(bytes) {
  const start = bytes.subarray(0, 12).toString('latin1')
  const signatures = [
    ['\x89PNG\r\n', 'PNG image'],
    ['\xff\xd8\xff', 'JPEG image'],
    ['GIF8', 'GIF image'],
    ['%PDF-', 'PDF document'],
    ['PK\x03\x04', 'ZIP archive or Office document'],
  ]
  return (
    signatures.find(([signature]) => start.startsWith(signature))?.[1] ??
    (/^RIFF.{4}WEBP/s.test(start)
      ? 'WebP image'
      : /^.{4}ftyp/s.test(start)
        ? 'MP4 or HEIF media'
        : undefined)
  )
}

function textOf(bytes, cut) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut }) // a cut may go through a character
    return /[\0-\x08\x0e-\x1f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
