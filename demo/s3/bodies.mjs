// The body of a request: looked at while it is written to a file, or read whole where it is small.
import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { ensure, S3Fault } from './fault.mjs'

const longest = 5 * 2 ** 30
/** Of a document: a list of 10,000 parts with their checksums fits. */
const longestDocument = 4 * 2 ** 20

/** Checksums that this S3 knows, by what the header of each is called. */
export const algorithms = /** @type {const} */ (['SHA256', 'CRC32'])
const headerOf = (algorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`

/**
 * What a body must be.
 *
 * @typedef {object} Expected
 * @property {number} length
 * @property {string} payload - SHA-256 in hex that was signed, or `UNSIGNED-PAYLOAD`
 * @property {string} [md5] - in base64
 * @property {{ algorithm: string, value: string }} [checksum]
 */

/**
 * What the headers say of a body.
 *
 * @returns {Expected}
 * @throws S3Fault
 */
export function expectedOf(headers, payload) {
  const length = headers['content-length'] ?? (headers['transfer-encoding'] ? undefined : '0')
  ensure(length !== undefined, 'MissingContentLength')
  ensure(headers['content-encoding'] === undefined, 'NotImplemented')
  const given = Object.keys(headers).filter((name) => /^x-amz-checksum-(sha|crc)/.test(name))
  const algorithm = algorithms.find((name) => headerOf(name) === given[0])
  ensure(given.length === 0 || (given.length === 1 && algorithm), 'NotImplemented')
  return {
    length: Number(length),
    payload,
    md5: headers['content-md5'],
    ...(algorithm && { checksum: { algorithm, value: headers[headerOf(algorithm)] } }),
  }
}

/** Looks at bytes as they pass. @param {Expected} expected */
function look({ length, payload, md5, checksum }) {
  const [sha256, md5Hash] = [createHash('sha256'), createHash('md5')]
  const isUnsigned = payload === 'UNSIGNED-PAYLOAD'
  const counts = checksum?.algorithm === 'CRC32'
  const hashes = !isUnsigned || checksum?.algorithm === 'SHA256'
  let crc = 0
  let size = 0
  const crcBytes = () => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(crc)
    return bytes
  }
  return {
    pass(chunk) {
      size += chunk.length
      ensure(size <= length, 'IncompleteBody')
      md5Hash.update(chunk)
      if (hashes) sha256.update(chunk)
      if (counts) crc = crc32(chunk, crc)
    },
    /** @throws S3Fault where it was another body */
    end() {
      ensure(size === length, 'IncompleteBody')
      const [hash, etag] = [sha256.digest(), md5Hash.digest()]
      ensure(isUnsigned || hash.toString('hex') === payload, 'XAmzContentSHA256Mismatch')
      ensure(md5 === undefined || etag.toString('base64') === md5, 'BadDigest')
      const value = (counts ? crcBytes() : hash).toString('base64')
      if (checksum && value !== checksum.value)
        throw new S3Fault(
          'BadDigest',
          `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
        )
      return { size, etag: etag.toString('hex') }
    },
  }
}

/** Writes a body to a new file, and on to the disk; where it is not as expected, nothing stays. */
export async function receiveFile(body, expected, path) {
  ensure(expected.length <= longest, 'EntityTooLarge')
  const looking = look(expected)
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of body) {
      looking.pass(chunk)
      await file.writeFile(chunk)
    }
    const found = looking.end()
    await file.datasync()
    return found
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Reads a document. */
export async function receiveText(body, expected) {
  ensure(expected.length <= longestDocument, 'EntityTooLarge')
  const looking = look(expected)
  const chunks = []
  for await (const chunk of body) {
    looking.pass(chunk)
    chunks.push(chunk)
  }
  looking.end()
  return Buffer.concat(chunks).toString('utf8')
}
