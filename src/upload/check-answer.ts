import { ensure } from '../errors/guard.js'
import { isJsonObject, isText, type JsonObject } from '../formats/json.js'
import type { UploadAnswers } from './protocol.js'

type Check = (answer: JsonObject) => boolean

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isList = (value: unknown, check: (one: JsonObject) => boolean): boolean =>
  Array.isArray(value) && value.every((one) => isJsonObject(one) && check(one))

const isObject = ({ length, sha256 }: JsonObject): boolean => isCount(length) && isText(sha256)
const isPart = (one: JsonObject): boolean =>
  isCount(one['part']) && Number(one['part']) > 0 && isObject(one)

/** A URL that a page may send to: nothing of it is taken from the page itself. */
const isUrl = (url: unknown): boolean => isText(url) && /^https?:\/\/[^/]/.test(url)
const isHeaders = (headers: unknown): boolean =>
  isJsonObject(headers) &&
  Object.entries(headers).every(([name, value]) => /^[\w-]+$/.test(name) && isText(value))

type Sent = 'begin' | 'sign' | 'list' | 'complete'

/** What the answer must be of each verb that an upload sends. */
const checks: Readonly<Record<Sent, Check>> = {
  // its plan is compared with the page's own
  begin: ({ session }) => isText(session) && session !== '',
  sign: ({ parts }) =>
    isList(parts, ({ part, url, headers }) => isCount(part) && isUrl(url) && isHeaders(headers)),
  list: ({ parts, more, object }) =>
    isList(parts, isPart) && typeof more === 'boolean' && isList([object ?? []].flat(), isObject),
  complete: ({ done, key, version, missing }) =>
    done === true
      ? isText(key) && key !== '' && (version === undefined || isText(version))
      : done === false && Array.isArray(missing) && missing.every(isCount),
}

/** @throws SealdropError `malformed` for an answer that is none of this verb */
export function checkAnswer<Op extends Sent>(op: Op, answer: unknown): UploadAnswers[Op] {
  ensure(
    isJsonObject(answer) && checks[op](answer),
    'malformed',
    `upload handler: what it answers to ${op} is not as upload.md says`,
  )
  return answer as unknown as UploadAnswers[Op]
}
