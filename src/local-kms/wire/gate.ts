import type { IncomingMessage } from 'node:http'
import { KmsFault, type FaultName } from './fault.js'

interface Rule {
  readonly fault: FaultName
  readonly text: string
  refuses(request: IncomingMessage): boolean
}

export const mediaType = 'application/x-amz-json-1.1'

/**
 * What a web page can make a browser send never passes: a page sees the answer of no other origin, but it can send, and
 * after DNS rebinding it can read. Pages cannot send this content type without a preflight, nor leave out Origin,
 * nor choose Host.
 */
const rules: readonly Rule[] = [
  { fault: 'UnknownOperationException', text: 'The local KMS takes POST only.', refuses: ({ method }) => method !== 'POST' },
  { fault: 'UnknownOperationException', text: 'The local KMS has one path: /', refuses: ({ url }) => url !== '/' },
  { fault: 'AccessDeniedException', text: 'The local KMS takes requests to a loopback host only: 127.0.0.1, localhost or [::1].', refuses: ({ headersDistinct: { host = [] } }) => host.length !== 1 || !/^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(String(host[0])) },
  { fault: 'AccessDeniedException', text: 'The local KMS takes no requests from web pages: they carry an Origin header.', refuses: ({ headers }) => headers.origin !== undefined },
  { fault: 'AccessDeniedException', text: 'The local KMS takes no requests from web pages: they carry a Sec-Fetch-Site header.', refuses: ({ headers }) => headers['sec-fetch-site'] !== undefined },
  { fault: 'UnknownOperationException', text: `The local KMS takes the content type ${mediaType} only.`, refuses: ({ headers }) => headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== mediaType },
  { fault: 'SerializationException', text: 'The local KMS takes no content encoding.', refuses: ({ headers }) => headers['content-encoding'] !== undefined },
]

/** @throws KmsFault for a request that is not one of an AWS client on this machine */
export function checkRequest(request: IncomingMessage): void {
  const broken = rules.find((rule) => rule.refuses(request))
  if (broken) throw new KmsFault(broken.fault, broken.text)
}

const authorizationPattern = /^AWS4-HMAC-SHA256 +Credential=([^\s,/]+)\/(\d{8})\/([^\s,/]+)\/([^\s,/]+)\/aws4_request *, *SignedHeaders=([a-z0-9-]+(?:;[a-z0-9-]+)*) *, *Signature=[0-9a-f]{64}$/

/**
 * Checks that a request is signed in form: an unsigned call would be refused in production, so it is refused here.
 *
 * @throws KmsFault MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException (wrong scope)
 */
export function checkAuthorization({ headers }: IncomingMessage, regions: readonly string[]): string {
  if (headers.authorization === undefined) throw new KmsFault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const [whole, , date, scopeRegion, scopeService, signed = ''] = authorizationPattern.exec(headers.authorization) ?? []
  const time = headers['x-amz-date']
  const timely = typeof time === 'string' && /^\d{8}T\d{6}Z$/.test(time) && time.startsWith(String(date))
  if (whole === undefined || !timely || !signed.split(';').includes('host')) {
    throw new KmsFault('IncompleteSignatureException', 'Authorization: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders (host among them) and Signature, and an X-Amz-Date of the same day.')
  }
  if (scopeService !== 'kms') throw new KmsFault('InvalidSignatureException', "Credential should be scoped to correct service: 'kms'.")
  if (!regions.includes(String(scopeRegion))) throw new KmsFault('InvalidSignatureException', `Credential should be scoped to a valid region, not '${scopeRegion}'. The local KMS runs in ${regions.join(', ')}.`)
  return String(scopeRegion)
}
