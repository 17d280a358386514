import { Buffer } from 'node:buffer'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { KmsFault } from './fault.js'

export interface SignedRequest {
  readonly method: string
  /** The path as it is on the wire, with its query. */
  readonly path: string
  /** Headers by name. One that came twice has two values (`headersDistinct` of Node). */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
  /** Milliseconds since 1970, by the clock of the server. */
  readonly now: number
}

export interface SigningCredential {
  readonly secretAccessKey: string
  /** The token of temporary credentials, which work with it only. Others work with none. */
  readonly sessionToken?: string
}

export interface VerifyOptions<C extends SigningCredential> {
  readonly lookup: (accessKeyId: string) => C | undefined
  /** The Regions that answer here. Default: any, so that the caller must look at it. */
  readonly regions?: readonly string[]
  /** The service. Default: kms. */
  readonly service?: string
}

export interface Verified<C> {
  readonly credential: C
  /** The Region of the credential scope. */
  readonly region: string
}

const authorizationPattern =
  /^AWS4-HMAC-SHA256 +Credential=([^\s,/]+)\/(\d{8})\/([^\s,/]+)\/([^\s,/]+)\/aws4_request *, *SignedHeaders=([a-z0-9-]+(?:;[a-z0-9-]+)*) *, *Signature=([0-9a-f]{64})$/
const skew = 5 * 60_000
const invalidToken = 'The security token included in the request is invalid.'
const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/**
 * Verifies AWS Signature Version 4 in the Authorization header.
 *
 * `host` and every `x-amz-*` header that came must be signed. Others may be, content-type among
 * them (IAM User Guide, "Create a signed AWS API request").
 *
 * @throws KmsFault MissingAuthenticationTokenException, IncompleteSignatureException,
 *   UnrecognizedClientException (no such access key, wrong session token),
 *   InvalidSignatureException (scope, time, headers that are not signed, mismatch)
 */
export function verifySignature<C extends SigningCredential>(
  request: SignedRequest,
  { lookup, regions, service = 'kms' }: VerifyOptions<C>,
): Verified<C> {
  const headers = canonicalHeaders(request.headers)
  const authorization = readAuthorization(headers)
  const credential = lookup(authorization.accessKeyId)
  if (credential === undefined || headers.get('x-amz-security-token') !== credential.sessionToken)
    throw new KmsFault('UnrecognizedClientException', invalidToken)
  checkScope(authorization, service, regions)
  checkTime(authorization, request.now)
  checkSignedHeaders(authorization, headers)
  if (!isSignedBy(credential.secretAccessKey, authorization, request, headers))
    throw new KmsFault('InvalidSignatureException', mismatch)
  return { credential, region: authorization.region }
}

/** What the headers say of a signature. */
interface Authorization {
  readonly accessKeyId: string
  readonly day: string
  readonly region: string
  readonly service: string
  /** Names of the signed headers. */
  readonly signed: readonly string[]
  /** 64 hexadecimal digits. */
  readonly signature: string
  /** The time of X-Amz-Date, as it came and in milliseconds. */
  readonly date: string
  readonly time: number
}

/**
 * Reads the headers of a signature.
 *
 * @throws KmsFault MissingAuthenticationTokenException, IncompleteSignatureException
 */
function readAuthorization(headers: ReadonlyMap<string, string>): Authorization {
  const header = headers.get('authorization')
  if (header === undefined)
    throw new KmsFault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const [whole, accessKeyId = '', day = '', region = '', service = '', list = '', signature = ''] =
    authorizationPattern.exec(header) ?? []
  const date = headers.get('x-amz-date') ?? ''
  const time = timeOf(date)
  const signed = list.split(';')
  const isComplete = whole !== undefined && signed.includes('host') && isAscending(signed)
  if (!isComplete || time === undefined || !date.startsWith(day)) {
    throw new KmsFault(
      'IncompleteSignatureException',
      'Authorization: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders (host among them) and Signature, and an X-Amz-Date of the same day.',
    )
  }
  return { accessKeyId, day, region, service, signed, signature, date, time }
}

/**
 * Checks the credential scope.
 *
 * @throws KmsFault InvalidSignatureException for another service or Region
 */
function checkScope(
  { service, region }: Authorization,
  expected: string,
  regions: readonly string[] | undefined,
): void {
  if (service !== expected)
    throw new KmsFault(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${expected}'.`,
    )
  if (regions?.includes(region) === false)
    throw new KmsFault(
      'InvalidSignatureException',
      `Credential should be scoped to a valid region, not '${region}'. The local KMS runs in ${regions.join(', ')}.`,
    )
}

/**
 * Checks that headers are signed which must be.
 *
 * @throws KmsFault InvalidSignatureException for an `x-amz-*` header that is not signed
 */
function checkSignedHeaders({ signed }: Authorization, headers: ReadonlyMap<string, string>): void {
  const unsigned = [...headers.keys()].find(
    (name) => name.startsWith('x-amz-') && !signed.includes(name),
  )
  if (unsigned !== undefined)
    throw new KmsFault(
      'InvalidSignatureException',
      `There were headers present in the request which were not signed: ${unsigned}`,
    )
}

/** Whether the signature is that of this secret over the request as it came. */
function isSignedBy(
  secret: string,
  authorization: Authorization,
  request: SignedRequest,
  headers: ReadonlyMap<string, string>,
): boolean {
  const { day, region, service, signed, date, signature } = authorization
  const bodyHash = sha256(request.body)
  const stated = headers.get('x-amz-content-sha256') ?? bodyHash
  const canonical = canonicalRequest(request, headers, signed, bodyHash)
  if (canonical === undefined || stated !== bodyHash) return false
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  const expected = hmac(signingKey(secret, authorization), toSign)
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
}

/** IAM User Guide, "Create a signed AWS API request", "Calculate the signature". */
function signingKey(secret: string, { day, region, service }: Authorization): Buffer {
  const ofDay = hmac(`AWS4${secret}`, day)
  const ofRegion = hmac(ofDay, region)
  const ofService = hmac(ofRegion, service)
  return hmac(ofService, 'aws4_request')
}

const sha256 = (data: Uint8Array | string): string =>
  createHash('sha256').update(data).digest('hex')
const hmac = (key: Buffer | string, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest()

/** Sorted and without repetition, as a canonical request has them. */
const isAscending = (names: readonly string[]): boolean =>
  names.every((name, i) => i === 0 || String(names[i - 1]) < name)

function timeOf(date: string): number | undefined {
  const [whole, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  if (whole === undefined) return undefined
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

const basicTime = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')

/**
 * Checks the time of a signature.
 *
 * @throws KmsFault InvalidSignatureException for a time too far from the server's
 */
function checkTime({ date, time }: Authorization, now: number): void {
  const late = now - time > skew
  if (!late && time - now <= skew) return
  const [what, relation, bound, sign] = late
    ? (['expired', 'now earlier', now - skew, '-'] as const)
    : (['not yet current', 'still later', now + skew, '+'] as const)
  throw new KmsFault(
    'InvalidSignatureException',
    `Signature ${what}: ${date} is ${relation} than ${basicTime(bound)} (${basicTime(now)} ${sign} 5 min.)`,
  )
}

/** Names in lower case; values trimmed, runs of spaces made one, repeated headers joined. */
function canonicalHeaders(headers: SignedRequest['headers']): ReadonlyMap<string, string> {
  const lists = new Map<string, string[]>()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const lower = name.toLowerCase()
    const values = typeof value === 'string' ? [value] : value
    lists.set(lower, [...(lists.get(lower) ?? []), ...values])
  }
  return new Map([...lists].map(([name, values]) => [name, values.map(trimmed).join(',')]))
}

const trimmed = (value: string): string => value.trim().replace(/\s+/g, ' ')

/**
 * The canonical request.
 *
 * @returns undefined where a signed header did not come, or path or query are not encoded right
 */
function canonicalRequest(
  { method, path }: SignedRequest,
  headers: ReadonlyMap<string, string>,
  signed: readonly string[],
  bodyHash: string,
): string | undefined {
  if (!signed.every((name) => headers.has(name))) return undefined
  const [, resource = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(path) ?? []
  const lines = signed.map((name) => `${name}:${headers.get(name)}\n`).join('')
  try {
    return [
      method,
      canonicalPath(resource),
      canonicalQuery(query),
      lines,
      signed.join(';'),
      bodyHash,
    ].join('\n')
  } catch {
    // URIError
    return undefined
  }
}

/** RFC 3986 §2.3: everything but unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/**
 * The canonical path: RFC 3986 §6.2.2.3, without empty segments.
 *
 * It is encoded as it came, so that what was encoded once is encoded twice.
 */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(encode(segment))
  }
  if (kept.length === 0) return '/'
  const end = /\/\.{0,2}$/.test(path) ? '/' : ''
  return `/${kept.join('/')}${end}`
}

/** Compares by UTF-16 units, which are ASCII after encoding. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Sorted by name, then by value, after encoding. */
function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part): readonly [string, string] => {
      const [name = '', ...value] = part.split('=')
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value.join('=')))]
    })
    .sort(([a, x], [b, y]) => (a === b ? inOrder(x, y) : inOrder(a, b)))
    .map((pair) => pair.join('='))
    .join('&')
}
