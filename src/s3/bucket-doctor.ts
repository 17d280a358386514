import { createHash, randomBytes } from 'node:crypto'
import { Buffer } from 'node:buffer'
import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError } from '../errors/sealdrop-error.js'
import { blaming } from '../errors/whose.js'
import { giveUp } from '../io/read-limited.js'
import { nameOf } from '../kms/port/aws-errors.js'
import type { UploadPart } from '../upload/protocol.js'
import { asked, createUpload, headObject, objectInput, partsPage } from './bucket.js'
import { sessionAge } from './grants.js'
import type { Session } from './session.js'
import { signPut } from './sign-put.js'
import { checkedSettings, type Settings, type UploadHandlerOptions } from './upload-options.js'

/** What is examined: as the handler has it. */
export interface BucketDoctorOptions extends Pick<
  UploadHandlerOptions,
  's3' | 'bucket' | 'prefix' | 'origins' | 'createParams'
> {
  /**
   * Whether a store that takes a part with another checksum is only warned of. Default: false.
   *
   * What it stores is then found out by the page's composite alone, when the upload is complete.
   */
  readonly unchecked?: boolean
  /** Makes the requests that pages make. Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/** What one check found. */
export interface BucketFinding {
  /** What was looked at, always in the same words. */
  readonly check: string
  /** Whether it is as it should be. */
  readonly ok: boolean
  /** What to do. With `ok: true` it is a warning. */
  readonly advice?: string
}

/** An upload of the doctor's own, and how it is looked at. */
interface Patient {
  readonly o: Settings
  readonly session: Session
  readonly fetch: typeof globalThis.fetch
}

const body = Buffer.from('x')
const part = (number: number): UploadPart => ({
  part: number,
  length: body.length,
  sha256: createHash('sha256').update(body).digest('base64url'),
})

/** Sends bytes to the URL of a part. @returns the status */
async function send(
  { o, session, fetch }: Patient,
  number: number,
  bytes: Buffer,
): Promise<number> {
  const { url, headers } = await signPut(o, session, part(number), {})
  const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) })
  giveUp(answer.body)
  return answer.status
}

/** Whether a page of an origin may send a part, by the preflight that its browser makes. */
async function preflight({ o, session, fetch }: Patient, origin: string): Promise<boolean> {
  const { url, headers } = await signPut(o, session, part(1), {})
  const asks = {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': Object.keys(headers).join(),
  }
  const answer = await fetch(url, { method: 'OPTIONS', headers: asks })
  giveUp(answer.body)
  const allowed = answer.headers.get('access-control-allow-origin')
  return answer.ok && (allowed === origin || allowed === '*')
}

type Check = (patient: Patient) => Promise<string | false | undefined>

/** Each check answers what is wrong. Their order is that of the upload. */
const checks: Readonly<Record<string, Check>> = {
  'a part is taken': async (patient) => {
    const status = await send(patient, 1, body)
    return status !== 200 && `it was answered ${status}: the role needs s3:PutObject`
  },
  'a part of another length is refused': async (patient) =>
    (await send(patient, 2, Buffer.from('xx')).catch(() => 0)) === 200 &&
    'it was taken: this store does not look at the length that was signed',
  'a part with another checksum is refused': async (patient) =>
    (await send(patient, 3, Buffer.from('y')).catch(() => 0)) === 200 &&
    'it was taken: this store does not look at the checksum that was signed',
  'parts are listed with their checksums': async ({ o, session }) => {
    const page = await partsPage(o, session)
    const found = page?.parts.find(({ part: number }) => number === 1)
    return found?.sha256 !== part(1).sha256 && 'they are not: an upload cannot be completed here'
  },
  'pages of the origins may send': async (patient) => {
    for (const origin of patient.o.origins)
      if (!(await preflight(patient, origin)))
        return `not those of ${origin}: set the rule that bucketCors makes`
    return undefined
  },
  'no other page may send': async (patient) =>
    (await preflight(patient, 'https://sealdrop.invalid')) &&
    'any page may: set the rule that bucketCors makes',
  'an upload is ended': async ({ o, session: { key: Key, uploadId: UploadId } }) => {
    const { s3, bucket: Bucket } = o
    await asked((sdk, options) =>
      s3.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options),
    )
    return undefined
  },
}

/** What stops a check says which permission or setting is missing. */
function adviceOf(error: unknown): string {
  const beneath = isSealdropError(error) ? (error.cause ?? error) : error
  if (isSealdropError(beneath)) return beneath.message
  return `S3 said ${nameOf(beneath) ?? 'nothing'}: bucketPolicy says what the role needs`
}

async function finding(name: string, work: () => ReturnType<Check>): Promise<BucketFinding> {
  const wrong = await work().catch(adviceOf)
  const check = `bucket: ${name}`
  return wrong ? { check, ok: false, advice: wrong } : { check, ok: true }
}

const checksumCheck = 'bucket: a part with another checksum is refused'

/**
 * Tries on a bucket what uploads need of it, with an upload of its own that it ends.
 *
 * - it sends one part as a page does, one with another length, and one with another checksum
 * - no object is made, so it does not try conditions of a whole, tags and receipts
 *
 * @param o - as the handler has them
 * @returns what each check found
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong
 * @example
 *   ```js
 *   import { S3Client } from '@aws-sdk/client-s3'
 *   import { bucketDoctor } from 'sealdrop/s3'
 *   const to = { s3: new S3Client({}), bucket: 'uploads', prefix: 'inbox/' }
 *   const [first] = await bucketDoctor({ ...to, origins: ['https://app.example.com'] })
 *   console.log(first.check, first.ok) // bucket: where no object is, S3 says so true
 *   ```
 */
export function bucketDoctor(o: BucketDoctorOptions): Promise<readonly BucketFinding[]> {
  return blaming('caller', () => examine(o))
}

async function examine(given: BucketDoctorOptions): Promise<readonly BucketFinding[]> {
  const names = 's3 bucket prefix origins createParams unchecked fetch'
  const { unchecked = false, fetch = globalThis.fetch, ...rest } = checkOptions(given, names)
  ensure(typeof unchecked === 'boolean', 'invalid_argument', 'unchecked: expected true or false')
  ensure(typeof fetch === 'function', 'invalid_argument', 'fetch: expected a function')
  const o = checkedSettings({ ...rest, authorize: () => null, secrets: [randomBytes(32)] })
  const key = `${o.prefix}sealdrop-doctor-${randomBytes(8).toString('hex')}`
  const looked = await finding('where no object is, S3 says so', async () => {
    await headObject(o, { key })
    return undefined
  })
  let uploadId = ''
  const begun = await finding('an upload begins', async () => {
    uploadId = await createUpload(o, key, objectInput('', o.createParams?.({ subject: '' }) ?? {}))
    return undefined
  })
  if (!begun.ok) return [looked, begun]
  const patient = { o, fetch, session: sessionOf(o, key, uploadId) }
  const found: BucketFinding[] = [looked, begun]
  for (const [name, check] of Object.entries(checks))
    found.push(await finding(name, () => check(patient)))
  return found.map((one) => (unchecked && one.check === checksumCheck ? { ...one, ok: true } : one))
}

const sessionOf = (o: Settings, key: string, uploadId: string): Session => ({
  mode: 'multipart',
  bucket: o.bucket,
  key,
  uploadId,
  subject: '',
  header: '',
  headerLength: 0,
  length: 0,
  partLength: 0,
  link: '',
  attempt: '',
  name: '',
  begun: o.now(),
  expires: o.now() + sessionAge,
})
