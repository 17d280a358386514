// AWS Signature Version 4 as S3 takes it: in a header, or in the query of a presigned URL. The code
// beneath is that of the local KMS.
import { canonicalHeaders, canonicalQuery, percentEncoded } from '#dist/local-kms/wire/canonical.js'
import {
  isSignatureOf,
  readAuthorizationHeader,
  readSignature,
  timeOf,
  unsignedHeader,
} from '#dist/local-kms/wire/signing.js'
import { ensure, S3Fault } from './fault.mjs'

const skew = 15 * 60_000
const week = 604_800

/**
 * What a request says of its signature.
 *
 * @typedef {import('#dist/local-kms/wire/signing.js').StatedSignature & {
 *   date: string
 *   payload: string
 *   query: string
 * }} Stated
 */

/**
 * @returns {Stated}
 * @throws S3Fault
 */
function fromHeader(headers, query, now) {
  const header = headers.get('authorization')
  ensure(header !== undefined, 'AccessDenied')
  const found = readAuthorizationHeader(header)
  const date = headers.get('x-amz-date') ?? ''
  const time = timeOf(date)
  if (!found) throw new S3Fault('AuthorizationHeaderMalformed')
  if (time === undefined)
    throw new S3Fault(
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    )
  ensure(Math.abs(now - time) <= skew, 'RequestTimeTooSkewed')
  const payload = headers.get('x-amz-content-sha256')
  if (payload === undefined)
    throw new S3Fault(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    )
  return { ...found, date, payload, query }
}

/**
 * @returns {Stated}
 * @throws S3Fault
 */
function fromQuery(params, query, now) {
  const [credential, names, signature, date, expires] = [
    'Credential',
    'SignedHeaders',
    'Signature',
    'Date',
    'Expires',
  ].map((name) => params.get(`X-Amz-${name}`) ?? '')
  const found = readSignature(credential, names, signature)
  const time = timeOf(date)
  const isWhole = params.get('X-Amz-Algorithm') === 'AWS4-HMAC-SHA256' && /^\d{1,6}$/.test(expires)
  if (!found || time === undefined || !isWhole)
    throw new S3Fault('AuthorizationQueryParametersError')
  ensure(
    Number(expires) <= week,
    'AuthorizationQueryParametersError',
    'X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than 604800 seconds',
  )
  ensure(time - now <= skew, 'AccessDenied', 'Request is not valid yet')
  ensure(now <= time + Number(expires) * 1000, 'AccessDenied', 'Request has expired')
  const signed = query.split('&').filter((part) => !part.startsWith('X-Amz-Signature='))
  const payload = params.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD'
  return { ...found, date, payload, query: signed.join('&') }
}

/** The canonical request of S3: its path is encoded once, and nothing is taken out of it. */
function canonicalOf({ method, path }, headers, { signed, query, payload }) {
  const lines = signed.map((name) => `${name}:${headers.get(name) ?? ''}\n`).join('')
  const segments = path.split('/').map((segment) => percentEncoded(decodeURIComponent(segment)))
  return [method, segments.join('/'), canonicalQuery(query), lines, signed.join(';'), payload].join(
    '\n',
  )
}

/**
 * Checks who signed a request.
 *
 * @param {object} request
 * @param {string} request.method
 * @param {string} request.path - as it is on the wire
 * @param {string} request.query - as it is on the wire
 * @param {URLSearchParams} request.params - the query as it is read
 * @param {import('#dist/local-kms/wire/canonical.js').SignedHeaders} request.headers
 * @param {{ accessKeyId: string, secretAccessKey: string, region: string, now: number }} o
 * @returns the SHA-256 that the body must have in hex, or `UNSIGNED-PAYLOAD`
 * @throws S3Fault
 */
export function checkSignature(request, { accessKeyId, secretAccessKey, region, now }) {
  const headers = canonicalHeaders(request.headers)
  const isPresigned = request.params.has('X-Amz-Algorithm')
  const stated = isPresigned
    ? fromQuery(request.params, request.query, now)
    : fromHeader(headers, request.query, now)
  ensure(!headers.has('x-amz-security-token'), 'InvalidToken')
  ensure(stated.accessKeyId === accessKeyId, 'InvalidAccessKeyId')
  ensure(
    stated.region === region && stated.service === 's3' && stated.date.startsWith(stated.day),
    isPresigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed',
    `expected the scope ${region}/s3, and the day of X-Amz-Date`,
  )
  ensure(
    unsignedHeader(stated.signed, headers) === undefined,
    'AccessDenied',
    'There were headers present in the request which were not signed',
  )
  const canonical = canonicalOf(request, headers, stated)
  ensure(isSignatureOf(secretAccessKey, stated, stated.date, canonical), 'SignatureDoesNotMatch')
  ensure(
    stated.payload === 'UNSIGNED-PAYLOAD' || /^[0-9a-f]{64}$/.test(stated.payload),
    'NotImplemented',
  )
  return stated.payload
}
