// Large files that the company offers, with its signature. They are made while they are sent and
// are the same each time, so none is on a disk.
import { createCipheriv } from 'node:crypto'
import { Readable } from 'node:stream'

const mib = 2 ** 20
/** Sizes on offer, in MiB. */
export const sizes = [16, 256, 1024]
const piece = 4 * mib
const key = Buffer.alloc(32, 'sealdrop demo')

/** Makes any part of the file, since AES in counter mode can begin at every block. */
function bytesOf(start, end) {
  const block = Math.floor(start / 16)
  const counter = Buffer.alloc(16)
  counter.writeUInt32BE(block, 12)
  const skipped = start - block * 16
  return createCipheriv('aes-256-ctr', key, counter)
    .update(Buffer.alloc(skipped + end - start))
    .subarray(skipped)
}

const offerOf = (size) => ({
  length: size * mib,
  name: `sealdrop-demo-${size}-mib.bin`,
  context: { demo: 'download' },
})

/**
 * @param {object} o
 * @param {() => import('sealdrop/kms').Signer} o.signer - gives the companion's signer as it is now
 */
export function createDownloads({ signer }) {
  /** The signatures by signer. When keys were changed, there is another signer. */
  const kept = new WeakMap()

  const offer = (size) => (sizes.includes(size) ? offerOf(size) : undefined)

  /**
   * Hashes the file once and asks KMS once. The signature is kept, since the file is the same each
   * time.
   */
  async function signature(size) {
    const { length, name, context } = offerOf(size)
    const source = { size: length, read: async (start, end) => bytesOf(start, end) }
    const now = signer()
    if (!kept.has(now)) kept.set(now, new Map())
    const signatures = kept.get(now)
    if (!signatures.has(size))
      signatures.set(
        size,
        now
          .signFile(source, { name, mediaType: 'application/octet-stream', context })
          .catch((error) => {
            signatures.delete(size)
            throw error
          }),
      )
    return signatures.get(size)
  }

  /**
   * @param {number} size
   * @param {{ readonly changed?: boolean }} [o] `changed`: as a mirror that turned one bit in the
   *   middle
   */
  function stream(size, { changed = false } = {}) {
    const { length } = offerOf(size)
    const at = Math.floor(length / 2) + 12_345
    return Readable.toWeb(
      Readable.from(
        (function* () {
          for (let start = 0; start < length; start += piece) {
            const bytes = bytesOf(start, Math.min(length, start + piece))
            if (changed && at >= start && at < start + piece) bytes[at - start] ^= 1
            yield bytes
          }
        })(),
      ),
    )
  }

  return { offer, signature, stream }
}

/** `answer` is the same as for uploads. */
export function addDownloadRoutes(app, { downloads, answer }) {
  const found = (c) => downloads.offer(Number(c.req.param('size')))
  const nothing = (c) => c.text('Nothing is here.\n', 404)

  app.get('/api/downloads/:size/signature', async (c) =>
    found(c)
      ? answer(c, async () => ({
          signature: await downloads.signature(Number(c.req.param('size'))),
        }))
      : nothing(c),
  )
  const send = (options) => (c) => {
    const offer = found(c)
    return offer
      ? c.body(downloads.stream(Number(c.req.param('size')), options), 200, {
          'content-type': 'application/octet-stream',
          'content-length': String(offer.length),
        })
      : nothing(c)
  }
  app.get('/api/downloads/:size/file', send({}))
  app.get('/api/downloads/:size/mirror', send({ changed: true }))
}
