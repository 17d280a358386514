import type { Bytes } from '../../bytes/bytes.js'
import { fromUtf8 } from '../../bytes/text.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { parseJsonObject, type JsonObject } from '../../formats/json.js'
import { parseJws, type Jws } from '../../formats/jws.js'
import { allOf, type Input } from '../data/inputs.js'

/** What is looked at, read no further than a kind needs. */
export interface Seen {
  readonly input: Input
  /** The first bytes. */
  readonly first: Bytes
  /** The first characters behind white space; what is no text has odd ones. */
  readonly begins: string
  /** All of it as text. @throws SealdropError `too_large`, `malformed` */
  readonly text: () => Promise<string>
  /** All of it as a JSON object. @throws SealdropError `too_large`, `malformed` */
  readonly json: () => Promise<JsonObject>
  /** Its first line as a token. @throws SealdropError `too_large`, `malformed` */
  readonly jws: () => Promise<Jws>
  /** Milliseconds since 1970. */
  readonly now: number
  readonly signal: AbortSignal
  readonly onProgress: (done: number) => void
}

/** As many bytes as tell one kind from another. */
const enough = 64
/** The longest text, in bytes: the signature of a file of 380 GiB. A message may have any length. */
const longestText = 16 * 2 ** 20
/** The longest JSON, in bytes: a receipt file. What is parsed takes many times as much memory. */
const longestJson = 2 * 2 ** 20

/** Looks at the first bytes of an input. */
export async function seenOf(
  input: Input,
  o: Pick<Seen, 'now' | 'signal' | 'onProgress'>,
): Promise<Seen> {
  const first = (await input.first(enough)).slice()
  const begins = new TextDecoder().decode(first).trimStart()
  const most = begins.startsWith('{') ? longestJson : longestText
  const text = once(async () => {
    const found = fromUtf8(await allOf(input, most))
    if (found === undefined)
      throw new SealdropError(
        'malformed',
        `${input.name}: expected UTF-8, as text of every kind is`,
      )
    return found.trim()
  })
  return {
    ...o,
    input,
    first,
    begins,
    text,
    json: once(async () => parseJsonObject(await text(), { code: 'malformed', field: 'the JSON' })),
    jws: once(async () => parseJws((await text()).split(/\r?\n/, 1)[0] ?? '')),
  }
}

/** Does work at most once. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => (done ??= work())
}

/** The same error with the name of its input in front. */
export function named(input: string, error: unknown): unknown {
  if (!isSealdropError(error) || error.message.startsWith(`${input}: `)) return error
  return new SealdropError(error.code, `${input}: ${error.message}`, { cause: error })
}
