import {
  canonicalHeaders,
  canonicalQuery,
  percentEncoded,
  type SignedHeaders,
} from './canonical.js'
import { KmsFault } from './fault.js'
import {
  isSignatureOf,
  readAuthorizationHeader,
  sha256Hex,
  timeOf,
  unsignedHeader,
  type StatedSignature,
} from './signing.js'

export interface SignedRequest {
  readonly method: string
  /** The path as it is on the wire, with its query. */
  readonly path: string
  readonly headers: SignedHeaders
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
interface Authorization extends StatedSignature {
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
  const stated = readAuthorizationHeader(header)
  const date = headers.get('x-amz-date') ?? ''
  const time = timeOf(date)
  if (stated === undefined || time === undefined || !date.startsWith(stated.day)) {
    throw new KmsFault(
      'IncompleteSignatureException',
      'Authorization: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders (host among them) and Signature, and an X-Amz-Date of the same day.',
    )
  }
  return { ...stated, date, time }
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
  const unsigned = unsignedHeader(signed, headers)
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
  const bodyHash = sha256Hex(request.body)
  const stated = headers.get('x-amz-content-sha256') ?? bodyHash
  const canonical = canonicalRequest(request, headers, authorization.signed, bodyHash)
  if (canonical === undefined || stated !== bodyHash) return false
  return isSignatureOf(secret, authorization, authorization.date, canonical)
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

/**
 * The canonical path: RFC 3986 §6.2.2.3, without empty segments.
 *
 * It is encoded as it came, so that what was encoded once is encoded twice.
 */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(percentEncoded(segment))
  }
  if (kept.length === 0) return '/'
  const end = /\/\.{0,2}$/.test(path) ? '/' : ''
  return `/${kept.join('/')}${end}`
}
