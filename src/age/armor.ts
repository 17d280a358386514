// ASCII armor: C2SP's age format, "ASCII armor", which is the strict form of RFC 7468 §3.
import { Buffer } from 'node:buffer'
import { concat, type Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import type { ByteReader } from '../io/byte-reader.js'

const begin = '-----BEGIN AGE ENCRYPTED FILE-----'
const end = '-----END AGE ENCRYPTED FILE-----'
const block = 65_536
/** White space that may stand before the first line and behind the last one, in bytes. */
const mostSpace = 1_024
/** The longest last line with the end line, and then some. */
const longestEnd = 256

const isSpace = (text: string): boolean => /^[\t\n\v\f\r ]*$/.test(text)

/** Whether text begins as armor does: by its first line after white space. */
export const beginsAsArmor = (text: string): boolean =>
  /^[\t\n\v\f\r ]*-----BEGIN AGE ENCRYPTED FILE-----/.test(text)

function refuse(condition: unknown, what: string): asserts condition {
  ensure(condition, 'malformed', `age armor: ${what}`)
}

/** Bytes of a line of base64 with padding. @throws SealdropError `malformed` */
function decodedLine(text: string): Bytes {
  const bytes = Buffer.from(text, 'base64')
  refuse(
    text.length <= 64 && bytes.toString('base64') === text,
    'expected base64 in its canonical form, with padding, in lines of 64 columns',
  )
  return new Uint8Array(bytes)
}

/** Reads the lines of armor in turn. */
class ArmorReader {
  readonly #reader: ByteReader
  #text = ''
  #phase: 'begin' | 'body' | 'behind' = 'begin'
  #space = 0
  #isOver = false

  constructor(reader: ByteReader) {
    this.#reader = reader
  }

  /** Some of the bytes; undefined where the armor ended as it should. */
  async next(): Promise<Bytes | undefined> {
    if (this.#isOver && this.#phase === 'behind') return undefined
    refuse(!this.#isOver, 'it was cut')
    const read = await this.#reader.take(block)
    this.#isOver = read.length < block
    this.#text += Buffer.from(read).toString('latin1')
    if (this.#phase === 'begin') this.#readBegin()
    const bytes = this.#phase === 'body' ? this.#readBody() : new Uint8Array()
    if (this.#phase === 'behind') this.#readBehind()
    refuse(!this.#isOver || this.#phase === 'behind', 'it was cut')
    return bytes
  }

  #readBegin(): void {
    const [space = ''] = /^[\t\n\v\f\r ]*/.exec(this.#text) ?? []
    this.#spend(space.length)
    this.#text = this.#text.slice(space.length)
    const [line] = /^[^\n]*\n/.exec(this.#text) ?? []
    if (line === undefined && this.#text.length < longestEnd && !this.#isOver) return
    refuse(line?.replace(/\r?\n$/, '') === begin, `expected ${begin} as its first line`)
    this.#text = this.#text.slice(line.length)
    this.#phase = 'body'
  }

  /** Whole lines, and the last one where all of it is here. */
  #readBody(): Bytes {
    const [full = ''] = /^(?:[A-Za-z0-9+/]{64}\r?\n)*/.exec(this.#text) ?? []
    this.#text = this.#text.slice(full.length)
    const bytes = new Uint8Array(Buffer.from(full, 'base64'))
    const isWhole = this.#isOver || this.#text.length >= longestEnd
    if (!isWhole) return bytes
    const found = /^(?:([A-Za-z0-9+/]{1,64}={0,2})\r?\n)?([^\r\n]*)(?:\r?\n|$)/.exec(this.#text)
    refuse(found?.[2] === end, `expected lines of 64 columns of base64, then ${end}`)
    this.#text = this.#text.slice(found[0].length)
    this.#phase = 'behind'
    return concat(bytes, decodedLine(found[1] ?? ''))
  }

  #readBehind(): void {
    refuse(isSpace(this.#text), 'expected nothing behind its last line')
    this.#spend(this.#text.length)
    this.#text = ''
  }

  #spend(space: number): void {
    this.#space += space
    refuse(this.#space <= mostSpace, `expected at most ${mostSpace} bytes of white space around it`)
  }
}

/** A reader of what stands inside of armor. */
export function dearmored(reader: ByteReader): ByteReader {
  const armor = new ArmorReader(reader)
  let rest: Bytes = new Uint8Array()
  let isOver = false
  return {
    // each answer has its own memory
    hold: () => {},
    async take(length) {
      const parts: Bytes[] = [rest]
      let had = rest.length
      while (had < length && !isOver) {
        const more = await armor.next()
        isOver = more === undefined
        parts.push(more ?? new Uint8Array())
        had += more?.length ?? 0
      }
      const bytes = parts.length > 1 ? concat(...parts) : rest
      rest = bytes.subarray(length)
      return bytes.subarray(0, length)
    },
    cancel: (reason) => reader.cancel(reason),
  }
}

/** Bytes of a line. */
const lineBytes = 48

const linesOf = (bytes: Uint8Array): Bytes =>
  new Uint8Array(
    Buffer.from(
      Buffer.from(bytes)
        .toString('base64')
        .replace(/.{1,64}/g, '$&\n'),
      'latin1',
    ),
  )

/** The same pieces as armor. */
export async function* armored(
  pieces: AsyncGenerator<readonly Bytes[]>,
): AsyncGenerator<readonly Bytes[]> {
  let rest: Bytes = new Uint8Array()
  yield [concat(`${begin}\n`)]
  for await (const piece of pieces) {
    const bytes = concat(rest, ...piece)
    const whole = bytes.length - (bytes.length % lineBytes)
    rest = bytes.subarray(whole)
    yield [linesOf(bytes.subarray(0, whole))]
  }
  yield [linesOf(rest), concat(`${end}\n`)]
}

/** Bytes of armor around so many bytes. */
export function armoredLength(length: number): number {
  const characters = Math.ceil(length / 3) * 4
  const lines = Math.ceil(characters / 64)
  return begin.length + 1 + characters + lines + end.length + 1
}
