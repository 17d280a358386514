import { concat, type Bytes } from '../bytes/bytes.js'
import { checkCount, ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { withFront, type ByteReader } from '../io/byte-reader.js'
import { beginsAsArmor, dearmored } from './armor.js'
import { nonceLength } from './file-key.js'
import { parseHeader, type Header } from './header.js'

/** How large a header may be. */
export interface HeaderBounds {
  /** The longest header that is taken, in bytes, at most 2 MiB. Default: 65,536. */
  readonly maxHeaderLength?: number
  /** The most recipient stanzas that are taken, at most 1,024. Default: 128. */
  readonly maxStanzas?: number
}

/** Everything of an age file that stands before its chunks. */
export interface Front {
  readonly armored: boolean
  readonly header: Header
  readonly nonce: Bytes
  /** Where the chunks begin, in bytes. Of armored files it is counted inside of the armor. */
  readonly length: number
  /** The chunks. */
  readonly reader: ByteReader
}

/** White space before armor, and its first line. */
const enough = 1_536
const portion = 4_096

/** Checks the bounds of an options object. @throws SealdropError `invalid_argument` */
export function boundsOf({
  maxHeaderLength = 65_536,
  maxStanzas = 128,
}: HeaderBounds): Required<HeaderBounds> {
  checkCount('maxHeaderLength', maxHeaderLength, 2_097_152)
  checkCount('maxStanzas', maxStanzas, 1_024)
  return { maxHeaderLength, maxStanzas }
}

/**
 * Reads an age file up to its chunks, armored or not.
 *
 * @param checkKind - is told whether it is armored, before more of it is looked at
 * @throws SealdropError `malformed`, `too_large`, `unsupported_algorithm`
 */
export async function readFront(
  source: ByteReader,
  bounds: Required<HeaderBounds>,
  checkKind: (armored: boolean) => void = () => {},
): Promise<Front> {
  // what was taken is overwritten by the next read
  const first = concat(await source.take(enough))
  const whole = withFront(first, source)
  const armored = beginsAsArmor(String.fromCharCode(...first))
  checkKind(armored)
  const reader = armored ? dearmored(whole) : whole
  const { header, rest } = await readHeader(reader, bounds)
  const chunks = withFront(rest, reader)
  const nonce = concat(await chunks.take(nonceLength))
  ensure(nonce.length === nonceLength, 'malformed', 'age file: it ends before its payload')
  return { armored, header, nonce, length: header.length + nonceLength, reader: chunks }
}

async function readHeader(
  reader: ByteReader,
  { maxHeaderLength, maxStanzas }: Required<HeaderBounds>,
): Promise<{ readonly header: Header; readonly rest: Bytes }> {
  let bytes: Bytes = new Uint8Array()
  for (let isOver = false; !isOver;) {
    const wanted = Math.max(portion, bytes.length)
    const more = await reader.take(wanted)
    isOver = more.length < wanted
    bytes = concat(bytes, more)
    const header = parseHeader(bytes, maxStanzas)
    const length = header?.length ?? bytes.length
    ensure(
      length <= maxHeaderLength,
      'too_large',
      `age header: expected at most ${maxHeaderLength} bytes; a longer one can be allowed`,
    )
    if (header) return { header, rest: bytes.slice(header.length) }
  }
  throw new SealdropError('malformed', 'age header: it ends before the line of its MAC')
}
