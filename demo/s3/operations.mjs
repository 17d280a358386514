// Which operation a request asks for, by its method, its place and its query.
import { listObjects, putCors, putPolicy } from './bucket-operations.mjs'
import { S3Fault } from './fault.mjs'
import {
  deleteObject,
  getObject,
  getTagging,
  headObject,
  putObject,
  putTagging,
} from './object-operations.mjs'
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
} from './upload-operations.mjs'

/** What the query names, for an operation of its own; of others nothing is known here. */
const known = ['cors', 'policy', 'uploads', 'uploadId', 'tagging', 'list-type']

/** By place, method, and what the query names. */
const rows = {
  'bucket PUT': ({ buckets, name }) => buckets.make(name),
  'bucket PUT cors': putCors,
  'bucket PUT policy': putPolicy,
  'bucket GET uploads': listUploads,
  'bucket GET list-type': listObjects,
  'object PUT': putObject,
  'object PUT tagging': putTagging,
  'object PUT uploadId': uploadPart,
  'object GET': getObject,
  'object GET tagging': getTagging,
  'object GET uploadId': listParts,
  'object HEAD': headObject,
  'object POST uploads': createUpload,
  'object POST uploadId': completeUpload,
  'object DELETE': deleteObject,
  'object DELETE uploadId': abortUpload,
}

/** Parameters that belong to an operation, to a signature, or to the client. */
const parameters =
  /^(x-id|x-amz-[\w-]+|X-Amz-\w+|X-Amz-Content-Sha256|partNumber|part-number-marker|max-(parts|keys|uploads)|prefix|delimiter|continuation-token|start-after)$/
/** Headers of S3's own that are understood here. */
const headers =
  /^x-amz-(date|content-sha256|user-agent|sdk-checksum-algorithm|checksum-(sha256|crc32|algorithm|type|mode)|mp-object-size|meta-.+|tagging|security-token)$/

/**
 * Finds the operation. What asks for more than is here is refused, since it would be done by halves.
 *
 * @returns {(request: any) => Promise<Answer>}
 *
 * @typedef {object} Answer
 * @property {number} [status]
 * @property {Record<string, string>} [headers]
 * @property {[name: string, members: object]} [xml]
 * @property {AsyncIterable<Uint8Array>} [body]
 * @property {() => Promise<void>} [done] - called once the answer has left, or cannot
 */
export function operationOf({ method, key, params, headers: given }) {
  const named = [...params.keys()].filter((name) => known.includes(name))
  const others = [...params.keys()].filter(
    (name) => !known.includes(name) && !parameters.test(name),
  )
  const foreign = Object.keys(given).filter(
    (name) => name.startsWith('x-amz-') && !headers.test(name),
  )
  if (others.length > 0 || foreign.length > 0) throw new S3Fault('NotImplemented')
  const place = key === '' ? 'bucket' : 'object'
  const row = [place, method, ...named.slice(0, 1)].join(' ')
  if (!Object.hasOwn(rows, row) || named.length > 1) throw new S3Fault('MethodNotAllowed')
  const work = rows[row]
  return (request) => {
    if (!request.bucket && row !== 'bucket PUT') throw new S3Fault('NoSuchBucket')
    return work(request)
  }
}
