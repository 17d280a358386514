import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { KmsFault } from './fault.js'

export interface SignedRequest {
  readonly method: string
  /** As it is on the wire, with its query. */
  readonly path: string
  /** A header that came twice has two values (Node's `headersDistinct`); names in any case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
  /** Milliseconds since the epoch, by the server's clock. */
  readonly now: number
}

export interface SigningCredential {
  readonly secretAccessKey: string
  /** Temporary credentials work with their token only, and others with none. */
  readonly sessionToken?: string
}

export interface VerifyOptions<C extends SigningCredential> {
  readonly lookup: (accessKeyId: string) => C | undefined
  /** Regions that answer here; default: any, and the caller looks at the one it gets. */
  readonly regions?: readonly string[]
  /** Default: kms. */
  readonly service?: string
}

export interface Verified<C> {
  readonly credential: C
  /** Of the credential scope. */
  readonly region: string
}

const authorizationPattern =
  /^AWS4-HMAC-SHA256 +Credential=([^\s,/]+)\/(\d{8})\/([^\s,/]+)\/([^\s,/]+)\/aws4_request *, *SignedHeaders=([a-z0-9-]+(?:;[a-z0-9-]+)*) *, *Signature=([0-9a-f]{64})$/
const skew = 5 * 60_000
const invalidToken = 'The security token included in the request is invalid.'
const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/**
 * Verifies AWS Signature Version 4 in the Authorization header. `host` and every `x-amz-*` header
 * that came must be signed; others, content-type among them, may be (IAM User Guide, "Create a
 * signed AWS API request").
 *
 * @throws KmsFault MissingAuthenticationTokenException, IncompleteSignatureException,
 *   UnrecognizedClientException (no such access key, wrong session token),
 *   InvalidSignatureException (scope, time, headers that are not signed, mismatch)
 */
export function verifySignature<C extends SigningCredential>(
  request: SignedRequest,
  options: VerifyOptions<C>,
): Verified<C> {
  const { lookup, regions, service = 'kms' } = options
  const headers = canonicalHeaders(request.headers)
  const authorization = headers.get('authorization')
  if (authorization === undefined)
    throw new KmsFault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const [
    whole,
    accessKeyId = '',
    day = '',
    region = '',
    scopeService = '',
    list = '',
    signature = '',
  ] = authorizationPattern.exec(authorization) ?? []
  const date = headers.get('x-amz-date') ?? ''
  const time = timeOf(date)
  const signed = list.split(';')
  if (
    whole === undefined ||
    time === undefined ||
    !date.startsWith(day) ||
    !signed.includes('host') ||
    !isAscending(signed)
  ) {
    throw new KmsFault(
      'IncompleteSignatureException',
      'Authorization: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders (host among them) and Signature, and an X-Amz-Date of the same day.',
    )
  }
  const credential = lookup(accessKeyId)
  if (credential === undefined || headers.get('x-amz-security-token') !== credential.sessionToken)
    throw new KmsFault('UnrecognizedClientException', invalidToken)
  if (scopeService !== service)
    throw new KmsFault(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${service}'.`,
    )
  if (regions?.includes(region) === false)
    throw new KmsFault(
      'InvalidSignatureException',
      `Credential should be scoped to a valid region, not '${region}'. The local KMS runs in ${regions.join(', ')}.`,
    )
  checkTime(date, time, request.now)
  const unsigned = [...headers.keys()].find(
    (name) => name.startsWith('x-amz-') && !signed.includes(name),
  )
  if (unsigned !== undefined)
    throw new KmsFault(
      'InvalidSignatureException',
      `There were headers present in the request which were not signed: ${unsigned}`,
    )
  const bodyHash = sha256(request.body)
  const stated = headers.get('x-amz-content-sha256')
  const canonical = canonicalRequest(request, headers, signed, bodyHash)
  const scope = `${day}/${region}/${scopeService}/aws4_request`
  const key = ['aws4_request', scopeService, region, day].reduceRight<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${credential.secretAccessKey}`,
  )
  const expected =
    canonical && hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`)
  if (
    !expected ||
    (stated !== undefined && stated !== bodyHash) ||
    !timingSafeEqual(expected, Buffer.from(signature, 'hex'))
  )
    throw new KmsFault('InvalidSignatureException', mismatch)
  return { credential, region }
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
  const time =
    whole === undefined ? NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

const basicTime = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')

function checkTime(date: string, time: number, now: number): void {
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
    lists.set(lower, [
      ...(lists.get(lower) ?? []),
      ...(typeof value === 'string' ? [value] : value),
    ])
  }
  return new Map(
    [...lists].map(([name, values]) => [
      name,
      values.map((value) => value.trim().replace(/\s+/g, ' ')).join(','),
    ]),
  )
}

/**
 * Undefined where a header that is said to be signed did not come, or the path or query is not
 * encoded right.
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
    return undefined // URIError
  }
}

/** RFC 3986 §2.3: everything but unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/**
 * RFC 3986 §6.2.2.3 without empty segments, then encoded as it came: what was encoded once is
 * encoded twice.
 */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(encode(segment))
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${/\/\.{0,2}$/.test(path) ? '/' : ''}`
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
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
}
