import { Buffer } from 'node:buffer'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What a signature is made for. */
export interface SigningScope {
  readonly day: string
  readonly region: string
  readonly service: string
}

/** What an Authorization header says, or the query of a presigned URL. */
export interface StatedSignature extends SigningScope {
  readonly accessKeyId: string
  /** Names of the signed headers. */
  readonly signed: readonly string[]
  /** 64 hexadecimal digits. */
  readonly signature: string
}

const authorizationPattern =
  /^AWS4-HMAC-SHA256 +Credential=([^\s,]+) *, *SignedHeaders=([^\s,]+) *, *Signature=([^\s,]+)$/
const credentialPattern = /^([^\s,/]+)\/(\d{8})\/([^\s,/]+)\/([^\s,/]+)\/aws4_request$/
const namesPattern = /^[a-z0-9-]+(?:;[a-z0-9-]+)*$/

/** Reads an Authorization header; undefined where it is none. */
export function readAuthorizationHeader(header: string): StatedSignature | undefined {
  const [, credential = '', names = '', signature = ''] = authorizationPattern.exec(header) ?? []
  return readSignature(credential, names, signature)
}

/** Reads credential, names of signed headers and signature; undefined where one is malformed. */
export function readSignature(
  credential: string,
  names: string,
  signature: string,
): StatedSignature | undefined {
  const [whole, accessKeyId = '', day = '', region = '', service = ''] =
    credentialPattern.exec(credential) ?? []
  const signed = names.split(';')
  const isWhole =
    whole !== undefined &&
    namesPattern.test(names) &&
    /^[0-9a-f]{64}$/.test(signature) &&
    signed.includes('host') &&
    isAscending(signed)
  return isWhole ? { accessKeyId, day, region, service, signed, signature } : undefined
}

/** Sorted and without repetition, as a canonical request has them. */
const isAscending = (names: readonly string[]): boolean =>
  names.every((name, i) => i === 0 || String(names[i - 1]) < name)

/** The milliseconds of an X-Amz-Date. */
export function timeOf(date: string): number | undefined {
  const [whole, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  if (whole === undefined) return undefined
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

/** The first `x-amz-*` header that came and is not signed. */
export const unsignedHeader = (
  signed: readonly string[],
  headers: ReadonlyMap<string, string>,
): string | undefined =>
  [...headers.keys()].find((name) => name.startsWith('x-amz-') && !signed.includes(name))

/** Whether a signature of this date is that of this secret over a canonical request. */
export function isSignatureOf(
  secret: string,
  { day, region, service, signature }: Omit<StatedSignature, 'accessKeyId' | 'signed'>,
  date: string,
  canonical: string,
): boolean {
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical)}`
  const expected = hmac(signingKey(secret, { day, region, service }), toSign)
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
}

/** IAM User Guide, "Create a signed AWS API request", "Calculate the signature". */
function signingKey(secret: string, { day, region, service }: SigningScope): Buffer {
  const ofDay = hmac(`AWS4${secret}`, day)
  const ofRegion = hmac(ofDay, region)
  const ofService = hmac(ofRegion, service)
  return hmac(ofService, 'aws4_request')
}

export const sha256Hex = (data: Uint8Array | string): string =>
  createHash('sha256').update(data).digest('hex')
const hmac = (key: Buffer | string, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest()
