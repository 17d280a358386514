import { fromBase64url } from '../bytes/base64url.js'
import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isJsonObject, isText, parseJsonObject, type JsonObject } from '../formats/json.js'
import { readLimited } from '../io/read-limited.js'
import { partsAtOnce, uploadBody, type UploadOp, type UploadRequest } from '../upload/protocol.js'

type Is = (value: unknown) => boolean

const isCount: Is = (value) => Number.isSafeInteger(value) && Number(value) >= 1
const isHash: Is = (value) => isText(value) && fromBase64url(value)?.length === 32
const isBase64url =
  (longest: number): Is =>
  (value) =>
    isText(value) && value.length <= longest && fromBase64url(value) !== undefined

const partMembers: Readonly<Record<string, Is>> = { part: isCount, length: isCount, sha256: isHash }
const isPart: Is = (value) => isJsonObject(value) && wrongMembers(value, partMembers).length === 0

/** A member whose name ends in `?` may be left out. */
const members: Readonly<Record<UploadOp, Readonly<Record<string, Is>>>> = {
  begin: {
    header: isBase64url(22_528),
    length: isCount,
    'partLength?': isCount,
    'name?': isBase64url(1_408),
  },
  sign: {
    session: isText,
    parts: (value) =>
      Array.isArray(value) &&
      value.length >= 1 &&
      value.length <= partsAtOnce.sign &&
      value.every(isPart),
  },
  list: { session: isText, 'after?': (value) => value === 0 || isCount(value) },
  complete: { session: isText, sha256: isHash },
  abort: { session: isText },
  receipt: { session: isText },
}

/** The names of members that are missing, of the wrong type, or not known. */
function wrongMembers(object: JsonObject, rows: Readonly<Record<string, Is>>): readonly string[] {
  const names = Object.keys(rows).map((name) => name.replace('?', ''))
  const wrong = Object.entries(rows).filter(([row, is]) => {
    const name = row.replace('?', '')
    return name in object ? !is(object[name]) : row === name
  })
  const unknown = Object.keys(object).filter((name) => !names.includes(name))
  return [...wrong.map(([row]) => row.replace('?', '')), ...unknown.map(() => 'an unknown member')]
}

/**
 * Reads a request's body: strict JSON of at most 64 KiB, with exactly the members of its verb.
 *
 * @throws SealdropError `malformed`, `too_large`
 */
export async function parseRequest({ body }: Request): Promise<UploadRequest> {
  const bytes = body ? await readLimited(body, uploadBody) : new Uint8Array()
  ensure(bytes, 'too_large', `request: expected at most ${uploadBody} bytes`)
  const text = fromUtf8(bytes)
  ensure(text !== undefined, 'malformed', 'request: expected UTF-8')
  const { op, ...rest } = parseJsonObject(text, { code: 'malformed', field: 'request' })
  ensure(
    isText(op) && Object.hasOwn(members, op),
    'malformed',
    `op: expected one of ${Object.keys(members).join(', ')}`,
  )
  const wrong = wrongMembers(rest, members[op as UploadOp])
  ensure(wrong.length === 0, 'malformed', `${op}: ${wrong.join(', ')} missing or wrong`)
  return { op, ...rest } as UploadRequest
}
