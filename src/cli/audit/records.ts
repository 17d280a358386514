import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Bytes } from '../../bytes/bytes.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, isText, parseJson, type JsonObject } from '../../formats/json.js'
import type { Input } from '../data/inputs.js'

const MiB = 2 ** 20
/** Characters of one record, and of a document that stands on several lines. */
const most = 256 * MiB

/**
 * The records of CloudTrail in an input, one after the other.
 *
 * - a log file as S3 has it, packed or not: `{ "Records": [ … ] }`
 * - what `aws cloudtrail lookup-events` prints: `{ "Events": [ … ] }`
 * - a record on each line, as `sealdrop local-kms` prints them
 *
 * @param onRead - how many bytes of the input were read
 * @throws SealdropError `malformed`, which names the input and the line; `too_large`
 */
export async function* recordsOf(
  input: Input,
  onRead: (bytes: number) => void,
): AsyncGenerator<JsonObject> {
  const { name } = input
  const pending: string[] = []
  let length = 0
  let line = 0
  for await (const text of linesOf(input, onRead)) {
    line++
    if (text.trim() === '') continue
    const whole = pending.length === 0 ? asJson(text) : undefined
    if (whole !== undefined) {
      yield* recordsIn(whole, `${name}, line ${line}`)
      continue
    }
    length += text.length
    if (length > most) throw tooLong(input)
    pending.push(text)
  }
  if (pending.length > 0) {
    const document = parseJson(pending.join('\n'), { code: 'malformed', field: name })
    yield* recordsIn(document, name)
  }
}

/** Undefined where a line is no JSON by itself. */
function asJson(text: string): unknown {
  try {
    return parseJson(text, { code: 'malformed', field: 'line' })
  } catch {
    return undefined
  }
}

function* recordsIn(found: unknown, where: string): Generator<JsonObject> {
  if (Array.isArray(found)) {
    for (const one of found) yield* recordsIn(one, where)
    return
  }
  const { Records, Events, CloudTrailEvent, eventSource } = isJsonObject(found) ? found : {}
  const list = Records ?? Events
  if (Array.isArray(list)) yield* recordsIn(list, where)
  else if (isText(CloudTrailEvent))
    yield* recordsIn(parseJson(CloudTrailEvent, { code: 'malformed', field: where }), where)
  else if (isText(eventSource)) yield found as JsonObject
  else throw new SealdropError('malformed', `${where}: expected a record of CloudTrail, or a list`)
}

/** Lines of text, each of a length that fits into memory. */
async function* linesOf(input: Input, onRead: (bytes: number) => void): AsyncGenerator<string> {
  let parts: string[] = []
  let length = 0
  for await (const text of textOf(input, onRead)) {
    const [first = '', ...others] = text.split('\n')
    parts.push(first)
    length += first.length
    if (length > most) throw tooLong(input)
    for (const next of others) {
      yield parts.join('')
      parts = [next]
      length = next.length
    }
  }
  yield parts.join('')
}

/** The text of an input, unpacked where it is packed. */
async function* textOf(input: Input, onRead: (bytes: number) => void): AsyncGenerator<string> {
  const head = await input.first(2)
  const isPacked = head[0] === 0x1f && head[1] === 0x8b
  const bytes = Readable.from(chunksOf(input, onRead), { objectMode: false })
  const plain = isPacked ? bytes.pipe(createGunzip()) : bytes
  bytes.on('error', (error) => plain.destroy(error))
  try {
    yield* plain.setEncoding('utf8') as AsyncIterable<string>
  } catch (cause) {
    throw isSealdropError(cause) ? cause : notPacked(input, cause)
  } finally {
    bytes.destroy()
  }
}

const tooLong = ({ name }: Input): SealdropError =>
  new SealdropError('too_large', `${name}: expected at most 256 MiB that belong together`)

const notPacked = ({ name }: Input, cause: unknown): SealdropError =>
  new SealdropError('malformed', `${name}: expected a whole file of gzip`, { cause })

async function* chunksOf(input: Input, onRead: (bytes: number) => void): AsyncGenerator<Bytes> {
  let done = 0
  for await (const chunk of input.kind === 'file' ? piecesOf(input.source) : input.source) {
    done += chunk.length
    onRead(done)
    yield chunk
  }
}

type FileInput = Extract<Input, { readonly kind: 'file' }>

async function* piecesOf(source: FileInput['source']): AsyncGenerator<Bytes> {
  for (let at = 0; at < source.size; at += MiB)
    yield (await source.read(at, Math.min(at + MiB, source.size))) as Bytes
}
