// Requests signed by @smithy/signature-v4, which we did not write, and what the local KMS says of
// them.
import { Buffer } from 'node:buffer'
import { SignatureV4 } from '@smithy/signature-v4'
import { KmsFault } from '#dist/local-kms/wire/fault.js'
import { verifySignature } from '#dist/local-kms/wire/sigv4.js'
import { Sha256 } from './helpers.mjs'

export const now = Date.parse('2026-03-04T05:06:07Z')
export const plain = { accessKeyId: 'LOCALKMSLOCALKMS', secretAccessKey: 'sealdrop-local-kms' }
export const temporary = {
  accessKeyId: 'LOCALSESSION',
  secretAccessKey: 'session-secret',
  sessionToken: 'token/with+signs==',
}
const known = {
  [plain.accessKeyId]: { secretAccessKey: plain.secretAccessKey, who: 'plain' },
  [temporary.accessKeyId]: {
    secretAccessKey: temporary.secretAccessKey,
    sessionToken: temporary.sessionToken,
    who: 'temporary',
  },
}
const lookup = (id) => (Object.hasOwn(known, id) ? known[id] : undefined)
export const forged = [
  'InvalidSignatureException',
  'The request signature we calculated does not match the signature you provided. Check your AWS ' +
    'Secret Access Key and signing method. Consult the service documentation for details.',
]
export const incomplete = [
  'IncompleteSignatureException',
  'Authorization: expected AWS4-HMAC-SHA256 with Credential, SignedHeaders (host among them) and ' +
    'Signature, and an X-Amz-Date of the same day.',
]
export const invalidToken = [
  'UnrecognizedClientException',
  'The security token included in the request is invalid.',
]

export const signerOf = (more = {}) =>
  new SignatureV4({
    credentials: plain,
    region: 'us-east-1',
    service: 'kms',
    sha256: Sha256,
    applyChecksum: true,
    ...more,
  })

/**
 * A signed request.
 *
 * @param {{
 *   credentials?: typeof plain
 *   region?: string
 *   date?: number
 *   path?: string
 *   query?: Record<string, string>
 *   method?: string
 *   headers?: Record<string, string>
 *   body?: string
 * }} changes of a good request
 */
export async function sign({
  credentials = plain,
  region = 'us-east-1',
  date = now,
  path = '/',
  query,
  method = 'POST',
  headers = {},
  body = '{"KeyId":"alias/a"}',
} = {}) {
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: 8080,
    method,
    path,
    query,
    body,
    headers: {
      host: '127.0.0.1:8080',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.DescribeKey',
      ...headers,
    },
  }
  const signer = signerOf({ credentials, region })
  const signed = await signer.sign(request, { signingDate: new Date(date) })
  const search = Object.entries(query ?? {})
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&')
  return {
    method,
    path: search ? `${path}?${search}` : path,
    headers: signed.headers,
    body: Buffer.from(body),
    now,
  }
}

export const check = (request, options = {}) => verifySignature(request, { lookup, ...options })
export const refusal = (request, options) => {
  try {
    check(request, options)
  } catch (e) {
    return e instanceof KmsFault ? [e.name, e.text] : e
  }
  return 'accepted'
}
