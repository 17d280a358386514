// What a bucket says to pages of other origins (Amazon S3 User Guide, "Elements of a CORS
// configuration").
import { ensure } from './fault.mjs'
import { all, readXml, textOf } from './xml.mjs'

/**
 * @typedef {object} Rule
 * @property {string[]} origins
 * @property {string[]} methods
 * @property {string[]} headers
 * @property {string[]} exposed
 * @property {string} [maxAge]
 */

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

/**
 * Reads the body of PutBucketCors.
 *
 * @returns {Rule[]}
 */
export function readCors(document) {
  const root = readXml(document)
  const texts = (rule, name) => all(rule, name).map(({ text }) => text.trim())
  const rules = all(root, 'CORSRule').map((rule) => ({
    origins: texts(rule, 'AllowedOrigin'),
    methods: texts(rule, 'AllowedMethod'),
    headers: texts(rule, 'AllowedHeader').map((name) => name.toLowerCase()),
    exposed: texts(rule, 'ExposeHeader'),
    maxAge: textOf(rule, 'MaxAgeSeconds'),
  }))
  const isRule = (rule) =>
    rule.origins.length > 0 &&
    rule.methods.length > 0 &&
    rule.methods.every((method) => methods.includes(method))
  ensure(
    root.name === 'CORSConfiguration' && rules.length > 0 && rules.every(isRule),
    'MalformedXML',
  )
  return rules
}

/** Whether a text is as a pattern says, which may have one `*`. */
function matches(pattern, text) {
  const [start = '', end] = pattern.split('*')
  if (end === undefined) return pattern === text
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end)
}

const some = (patterns, text) => patterns.find((pattern) => matches(pattern, text))

/** The headers by which a browser lets a page of an origin read the answer; none without a rule. */
export function corsHeaders(rules, { origin, method, asked = [] }) {
  const rule = rules.find(
    (one) =>
      some(one.origins, origin) &&
      one.methods.includes(method) &&
      asked.every((name) => some(one.headers, name)),
  )
  if (!rule) return undefined
  const isAny = some(rule.origins, origin) === '*'
  return {
    'access-control-allow-origin': isAny ? '*' : origin,
    'access-control-allow-methods': rule.methods.join(', '),
    ...(!isAny && { 'access-control-allow-credentials': 'true' }),
    ...(asked.length > 0 && { 'access-control-allow-headers': asked.join(', ') }),
    ...(rule.exposed.length > 0 && { 'access-control-expose-headers': rule.exposed.join(', ') }),
    ...(rule.maxAge && { 'access-control-max-age': rule.maxAge }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  }
}

/** Answers the preflight of a browser. @throws S3Fault */
export function preflight(rules, headers) {
  const { origin, 'access-control-request-method': method } = headers
  ensure(origin !== undefined, 'BadRequest')
  ensure(
    methods.includes(method),
    'BadRequest',
    'Invalid Access-Control-Request-Method: it must be one of the methods of S3',
  )
  const asked = (headers['access-control-request-headers'] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  ensure(rules.length > 0, 'AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.')
  const found = corsHeaders(rules, { origin, method, asked })
  ensure(found, 'AccessForbidden')
  return found
}
