import type { SignedPart, UploadPart } from '../upload/protocol.js'
import { asked, objectInput, toS3, type Sdk } from './bucket.js'
import { misconfigured } from './misconfigured.js'
import type { Session } from './session.js'
import type { Settings, UploadCreateParams } from './upload-options.js'

/** Milliseconds that a URL is good, at most. */
export const urlAge = 900_000

/** Headers that a browser sends by itself. */
const automatic: readonly string[] = ['host', 'content-length']

type PutCommand = InstanceType<Sdk['UploadPartCommand'] | Sdk['PutObjectCommand']>

/** The command of one part, or of the whole where it travels in one PUT. */
function commandOf(
  { bucket: Bucket }: Settings,
  { key: Key, uploadId: UploadId, mode, name }: Session,
  { part: PartNumber, length: ContentLength, sha256 }: UploadPart,
  params: UploadCreateParams,
): (sdk: Sdk) => PutCommand {
  const bytes = { Bucket, Key, ContentLength, ChecksumSHA256: toS3(sha256) }
  return ({ PutObjectCommand, UploadPartCommand }) =>
    mode === 'put'
      ? new PutObjectCommand({ ...objectInput(name, params), ...bytes, IfNoneMatch: '*' })
      : new UploadPartCommand({ ...bytes, UploadId, PartNumber })
}

type Headers = Readonly<Record<string, string>>
interface Stack {
  add(
    middleware: (next: (args: Args) => unknown) => (args: Args) => unknown,
    o: { readonly step: 'build'; readonly name: string },
  ): void
}
interface Args {
  readonly request: { readonly headers: Headers }
}

/** Keeps the headers of a command, by their names, as soon as it has them. */
function keepHeaders(command: PutCommand): Map<string, string> {
  const kept = new Map<string, string>()
  const stack = command.middlewareStack as unknown as Stack
  stack.add(
    (next) => (args) => {
      for (const [name, value] of Object.entries(args.request.headers))
        kept.set(name.toLowerCase(), value)
      return next(args)
    },
    { step: 'build', name: 'sealdropHeaders' },
  )
  return kept
}

/**
 * Signs a URL for exactly these bytes under this key, and says which headers the page sends.
 *
 * S3 ignores a checksum that stands in the query, so every header is signed as a header.
 *
 * @throws SealdropError `output_failed`
 */
export async function signPut(
  o: Settings,
  session: Session,
  put: UploadPart,
  params: UploadCreateParams,
): Promise<SignedPart> {
  const now = o.now()
  const { url, headers } = await asked(async (sdk) => {
    const command = commandOf(o, session, put, params)(sdk)
    const kept = keepHeaders(command)
    const signed = await sdk.getSignedUrl(o.s3, command as never, {
      expiresIn: Math.max(1, Math.floor(Math.min(urlAge, session.expires - now) / 1000)),
      signingDate: new Date(now),
      signableHeaders: asSet(kept),
      unhoistableHeaders: asSet(kept),
    })
    return { url: signed, headers: kept }
  })
  checkBound(url, headers)
  for (const name of automatic) headers.delete(name)
  return { part: put.part, url, headers: Object.fromEntries(headers) }
}

/** The names of headers that are not known yet, as the presigner asks for them. */
const asSet = (kept: Map<string, string>): Set<string> =>
  ({ has: (name: string) => kept.has(name) || name === 'host', add: () => undefined }) as never

/** Whether S3 will look at every header, and at nothing that stands in the query beside them. */
function checkBound(url: string, headers: ReadonlyMap<string, string>): void {
  const query = new URL(url).searchParams
  const signed = new Set(query.get('X-Amz-SignedHeaders')?.split(';'))
  const expected = ['content-length', 'x-amz-checksum-sha256', ...headers.keys()]
  const isBound = expected.every((name) => signed.has(name) && headers.has(name))
  const hasOther = [...query.keys()].some((name) => /^x-amz-(sdk-)?checksum/i.test(name))
  if (!isBound || hasOther)
    throw misconfigured(
      "s3: it signs no checksum, or another one: make it with requestChecksumCalculation: 'WHEN_REQUIRED'",
    )
}
