// What S3 does with uploads of parts (Amazon S3 API Reference, CompleteMultipartUpload and others).
import { createHash, randomBytes } from 'node:crypto'
import { algorithms, receiveFile, receiveText } from './bodies.mjs'
import { ensure, S3Fault } from './fault.mjs'
import { conditionOf } from './condition.mjs'
import { checksumHeader, checksumMember, describedBy } from './object-operations.mjs'
import { all, readXml, textOf } from './xml.mjs'

const least = 5 * 2 ** 20
const quoted = (etag) => `"${etag}"`
const bare = (etag) => etag?.replace(/^"|"$/g, '')

export async function createUpload(request) {
  const { bucket, key, headers } = request
  const algorithm = headers['x-amz-checksum-algorithm']
  const type = headers['x-amz-checksum-type'] ?? 'COMPOSITE'
  const isKnown = algorithm === undefined || algorithms.includes(algorithm)
  ensure(isKnown && type === 'COMPOSITE', 'NotImplemented')
  const id = randomBytes(16).toString('hex')
  await bucket.begin({ ...describedBy(request), id, algorithm, initiated: Date.now() })
  return {
    headers: algorithm
      ? { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }
      : {},
    xml: ['InitiateMultipartUploadResult', { Bucket: bucket.name, Key: key, UploadId: id }],
  }
}

async function uploadOf({ bucket, key, params }) {
  const upload = await bucket.upload(key, params.get('uploadId') ?? '')
  if (!upload) throw new S3Fault('NoSuchUpload')
  return upload
}

/** Parts of an upload carry the checksum that it was created with. */
function checkAlgorithm({ algorithm }, { checksum }) {
  const found = checksum?.algorithm
  ensure(
    algorithm === undefined || found === algorithm,
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${algorithm?.toLowerCase()}, actual checksum Type: ${found?.toLowerCase() ?? 'null'}`,
  )
}

export async function uploadPart(request) {
  const { bucket, params, expected, body } = request
  const number = Number(params.get('partNumber'))
  ensure(
    Number.isInteger(number) && number >= 1 && number <= 10_000,
    'InvalidArgument',
    'Part number must be an integer between 1 and 10000, inclusive',
  )
  const upload = await uploadOf(request)
  checkAlgorithm(upload, expected)
  const { file, path } = bucket.fresh()
  const { size, etag } = await receiveFile(body(), expected, path)
  const { checksum } = expected
  await bucket.putPart(upload.id, number, { file, size, etag, checksum, modified: Date.now() })
  return { headers: { etag: quoted(etag), ...checksumHeader({ checksum }) } }
}

const iso = (time) => new Date(time).toISOString()

/** A number in the query, within bounds. */
function countIn(params, name, most) {
  const value = Number(params.get(name) ?? most)
  ensure(Number.isInteger(value) && value >= 0, 'InvalidArgument')
  return Math.min(value, most)
}

export async function listParts(request) {
  const { bucket, key, params } = request
  const upload = await uploadOf(request)
  const after = Number(params.get('part-number-marker') ?? 0)
  const most = countIn(params, 'max-parts', 1_000)
  const rest = [...(await bucket.parts(upload.id))].filter(([number]) => number > after)
  const shown = rest.slice(0, most)
  const Part = shown.map(([PartNumber, part]) => ({
    PartNumber,
    LastModified: iso(part.modified),
    ETag: quoted(part.etag),
    Size: part.size,
    ...checksumMember(part),
  }))
  const answer = {
    Bucket: bucket.name,
    Key: key,
    UploadId: upload.id,
    StorageClass: 'STANDARD',
    PartNumberMarker: after,
    NextPartNumberMarker: shown.at(-1)?.[0] ?? 0,
    MaxParts: most,
    IsTruncated: rest.length > shown.length,
    ...(upload.algorithm && { ChecksumAlgorithm: upload.algorithm, ChecksumType: 'COMPOSITE' }),
    Part,
  }
  return { xml: ['ListPartsResult', answer] }
}

/** The list of parts that a page of CompleteMultipartUpload names. */
function listedIn(document, { algorithm }) {
  const root = readXml(document)
  const listed = all(root, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: bare(textOf(part, 'ETag')),
    checksum: textOf(part, `Checksum${algorithm}`),
  }))
  const isList = root.name === 'CompleteMultipartUpload' && listed.length > 0
  const isPart = ({ number, etag }) => Number.isInteger(number) && etag !== undefined
  ensure(isList && listed.every(isPart), 'MalformedXML')
  const isAscending = listed.every(({ number }, i) => i === 0 || number > listed[i - 1].number)
  ensure(isAscending, 'InvalidPartOrder')
  const missing = algorithm && listed.find(({ checksum }) => checksum === undefined)
  if (missing)
    throw new S3Fault(
      'InvalidRequest',
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${missing.number} in the request.`,
    )
  return listed
}

/** The parts that are there, in the order in which they are listed. */
function partsOf(there, listed) {
  const parts = listed.map(({ number, etag, checksum }) => {
    const part = there.get(number)
    const isIt =
      part?.etag === etag && (checksum === undefined || part?.checksum?.value === checksum)
    if (!part || !isIt) throw new S3Fault('InvalidPart')
    return part
  })
  ensure(
    parts.slice(0, -1).every(({ size }) => size >= least),
    'EntityTooSmall',
  )
  return parts
}

/** The hash of the parts' own hashes, and how many they are. */
const hashOfAll = (hash, values, encoding) => {
  const over = createHash(hash)
  for (const value of values) over.update(Buffer.from(value, encoding))
  return over.digest(encoding)
}

/** The checksum of the whole, which the request may name with or without the number of parts. */
function compositeOf({ algorithm }, parts, stated) {
  if (algorithm !== 'SHA256') return undefined
  const values = parts.map(({ checksum }) => checksum?.value ?? '')
  const hash = hashOfAll('sha256', values, 'base64')
  const value = `${hash}-${parts.length}`
  ensure(
    [undefined, hash, value].includes(stated),
    'BadDigest',
    'The sha256 you specified did not match the calculated checksum.',
  )
  return { algorithm, value }
}

/** The object of the parts that are listed. */
function wholeOf({ key, headers }, upload, parts, stated) {
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const wanted = headers['x-amz-mp-object-size']
  ensure(
    wanted === undefined || Number(wanted) === size,
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${wanted} does not match what was computed: ${size}`,
  )
  const checksum = compositeOf(upload, parts, stated)
  const tags = parts.map(({ etag }) => etag)
  return {
    key,
    headers: upload.headers,
    tags: upload.tags,
    uploadId: upload.id,
    size,
    etag: `${hashOfAll('md5', tags, 'hex')}-${parts.length}`,
    checksum,
    type: 'COMPOSITE',
    files: parts.map((part) => ({ file: part.file, size: part.size })),
    modified: Date.now(),
  }
}

/** Makes it in a single turn of the bucket. */
function makeWhole(request, upload, listed, { condition, stated }) {
  const make = (there) => wholeOf(request, upload, partsOf(there, listed), stated)
  return request.bucket.complete(upload, make, condition)
}

/** Of an upload that is complete already, the object that it became. */
async function madeBefore({ bucket, key, params }) {
  const found = await bucket.object(key)
  return found?.uploadId === params.get('uploadId') ? found : undefined
}

export async function completeUpload(request) {
  const { bucket, key, body, expected, host } = request
  // the header is the checksum of the whole, and not of this document
  const { checksum: stated, ...document } = expected
  const o = { condition: conditionOf(request), stated: stated?.value }
  const before = await madeBefore(request)
  const upload = before ?? (await uploadOf(request))
  const text = await receiveText(body(), document)
  const whole = before ?? (await makeWhole(request, upload, listedIn(text, upload), o))
  const answer = {
    Location: `http://${host}/${bucket.name}/${key}`,
    Bucket: bucket.name,
    Key: key,
    ETag: quoted(whole.etag),
    ...checksumMember(whole),
    ...(whole.checksum && { ChecksumType: whole.type }),
  }
  return { xml: ['CompleteMultipartUploadResult', answer] }
}

export async function abortUpload(request) {
  const { key, id } = await uploadOf(request)
  await request.bucket.end(key, id)
  return { status: 204 }
}

export async function listUploads({ bucket, params }) {
  const prefix = params.get('prefix') ?? ''
  const most = countIn(params, 'max-uploads', 1_000)
  const found = (await bucket.uploads())
    .filter(({ key }) => key.startsWith(prefix))
    .sort(
      (a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.initiated - b.initiated,
    )
  const Upload = found.slice(0, most).map(({ key, id, initiated, algorithm }) => ({
    Key: key,
    UploadId: id,
    Initiated: iso(initiated),
    StorageClass: 'STANDARD',
    ...(algorithm && { ChecksumAlgorithm: algorithm, ChecksumType: 'COMPOSITE' }),
  }))
  const IsTruncated = found.length > most
  const answer = { Bucket: bucket.name, Prefix: prefix, MaxUploads: most, IsTruncated, Upload }
  return { xml: ['ListMultipartUploadsResult', answer] }
}
