// What S3 does with whole objects.
import { createReadStream } from 'node:fs'
import { receiveFile, receiveText } from './bodies.mjs'
import { checkCondition, conditionOf } from './condition.mjs'
import { ensure, S3Fault } from './fault.mjs'
import { all, readXml, textOf } from './xml.mjs'

const quoted = (etag) => `"${etag}"`
/** Headers of a request that are answered with the object. */
const kept = ['content-type', 'content-disposition', 'cache-control', 'content-language']

const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** @param {[string, string][]} tags */
function checkTags(tags) {
  const isTag = ([key, value]) =>
    key !== '' && key.length <= 128 && value.length <= 256 && tagText.test(key + value)
  const keys = new Set(tags.map(([key]) => key))
  ensure(tags.length <= 10 && tags.every(isTag) && keys.size === tags.length, 'InvalidTag')
  return tags
}

/** What a request says of the object that its bytes become. */
export function describedBy({ key, headers }) {
  ensure(Buffer.byteLength(key) <= 1_024, 'KeyTooLongError')
  const own = Object.entries(headers).filter(
    ([name]) => kept.includes(name) || name.startsWith('x-amz-meta-'),
  )
  const tags = checkTags([...new URLSearchParams(headers['x-amz-tagging'] ?? '')])
  return { key, headers: Object.fromEntries(own), tags }
}

/** The checksum of an object or part, as a header or as a member of XML. */
export const checksumHeader = ({ checksum }) =>
  checksum ? { [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value } : {}
export const checksumMember = ({ checksum }) =>
  checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value } : {}

export async function putObject(request) {
  const { bucket, key, expected, body } = request
  const described = describedBy(request)
  const condition = conditionOf(request)
  checkCondition(await bucket.object(key), condition)
  const { file, path } = bucket.fresh()
  const { size, etag } = await receiveFile(body(), expected, path)
  const { checksum } = expected
  const files = [{ file, size }]
  const type = 'FULL_OBJECT'
  const stored = { ...described, size, etag, checksum, type, modified: Date.now(), files }
  await bucket.put(stored, condition)
  return { headers: { etag: quoted(etag), ...checksumHeader({ checksum }) } }
}

const found = async (request) => wantedOf(await request.bucket.object(request.key), request)

/** What was asked for, or S3's words for why it is not. */
function wantedOf(stored, { headers }) {
  if (!stored) throw new S3Fault('NoSuchKey')
  const wanted = headers['if-match']
  const isWanted = [undefined, '*', quoted(stored.etag), stored.etag].includes(wanted)
  ensure(isWanted, 'PreconditionFailed')
  return stored
}

const headersOf = (stored, { headers }) => ({
  'content-type': 'binary/octet-stream',
  ...stored.headers,
  etag: quoted(stored.etag),
  'last-modified': new Date(stored.modified).toUTCString(),
  'accept-ranges': 'bytes',
  ...(stored.tags.length > 0 && { 'x-amz-tagging-count': String(stored.tags.length) }),
  ...(headers['x-amz-checksum-mode'] === 'ENABLED' && {
    ...checksumHeader(stored),
    ...(stored.checksum && { 'x-amz-checksum-type': stored.type }),
  }),
})

export async function headObject(request) {
  const stored = await found(request)
  return { headers: { ...headersOf(stored, request), 'content-length': String(stored.size) } }
}

/** One range of bytes; undefined for the whole. Other forms of the header count as none. */
function rangeOf(range, size) {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1)
  ensure(start < size && start < end, 'InvalidRange')
  return { start, end }
}

/**
 * The bytes of an object, which lie in one file or more. Where one is shorter than it was, it
 * throws: the answer breaks off at once, and nobody waits for the rest.
 */
async function* bytesOf(bucket, files, start, end) {
  let at = 0
  for (const { file, size } of files) {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, size)]
    at += size
    if (from < to) yield* exactly(bucket.pathOf(file), from, to)
  }
}

async function* exactly(path, from, to) {
  let at = from
  for await (const chunk of createReadStream(path, { start: from, end: to - 1 })) {
    at += chunk.length
    yield chunk
  }
  ensure(at === to, 'InternalError')
}

export async function getObject(request) {
  const { stored, done } = await request.bucket.held(request.key)
  try {
    return { ...answerWith(wantedOf(stored, request), request), done }
  } catch (error) {
    await done()
    throw error
  }
}

function answerWith(stored, request) {
  const { size, files } = stored
  const range = rangeOf(request.headers.range, size)
  const { start, end } = range ?? { start: 0, end: size }
  const { 'x-amz-checksum-mode': _mode, ...plain } = request.headers
  return {
    status: range ? 206 : 200,
    headers: {
      // a checksum is that of the whole
      ...headersOf(stored, range ? { headers: plain } : request),
      'content-length': String(end - start),
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    },
    body: bytesOf(request.bucket, files, start, end),
  }
}

export async function deleteObject({ bucket, key }) {
  await bucket.delete(key)
  return { status: 204 }
}

export async function getTagging(request) {
  const { tags } = await found(request)
  const Tag = tags.map(([Key, Value]) => ({ Key, Value }))
  return { xml: ['Tagging', { TagSet: { Tag } }] }
}

export async function putTagging({ bucket, key, body, expected }) {
  const root = readXml(await receiveText(body(), expected))
  const [set] = all(root, 'TagSet')
  if (root.name !== 'Tagging' || !set) throw new S3Fault('MalformedXML')
  const pair = (tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? '']
  const tags = checkTags(all(set, 'Tag').map(pair))
  ensure(await bucket.change(key, (stored) => ({ ...stored, tags })), 'NoSuchKey')
  return {}
}
