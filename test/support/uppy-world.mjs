// A real Uppy whose files go to the handler and the demo's S3, and to nobody else.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach } from 'node:test'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import Uppy from '@uppy/core'
import { importKeySet, inHand } from 'sealdrop'
import { fileRecords } from 'sealdrop/fs'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { uploadTransport } from 'sealdrop/upload'
import { SealedUploader } from 'sealdrop/uppy'
import { makeWorld, origins } from '../s3/world.mjs'
import { startDemoS3 } from './demo-s3.mjs'

export const MiB = 2 ** 20
export const partLength = 5 * MiB
export const context = { claim: '7' }
const url = 'https://app.example.com/uploads'

/** @returns what files are sent to and by, and what ends it */
export async function makeUppyWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-uppy-'))
  const local = await startLocalKms({
    keys: [{ alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
  })
  const kms = local.clientConfig
  const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/claims' }] }).documents()
  const keys = importKeySet(jwks, { trust: inHand() })
  const opener = createOpener({ kms, keys: ['alias/claims'] })
  const server = await startDemoS3()
  const { handler, s3, bucket, close } = await makeWorld(server.config)
  /** What was asked of the handler, and the parts that left; `before` may keep a part back. */
  /** @type {{ ops: string[], parts: number[], stored: number[], before?: any }} */
  const sent = { ops: [], parts: [], stored: [] }
  const real = uploadTransport(url, {
    headers: { authorization: 'Bearer acme', origin: origins[0] ?? '' },
    fetch: (href, init) => handler(new Request(/** @type {string} */ (href), init)),
  })
  const transport = {
    ...real,
    async ask(op, ...given) {
      sent.ops.push(op)
      return real.ask(op, .../** @type {[any]} */ (given))
    },
    async put(part, ...given) {
      sent.parts.push(part.part)
      const instead = await sent.before?.(part, given[1]?.signal)
      const answer = instead || (await real.put(part, .../** @type {[any]} */ (given)))
      sent.stored.push(part.part)
      return answer
    },
  }
  const made = { keys, context, transport: /** @type {any} */ (transport) }
  return {
    sent,
    transport: made.transport,
    options: made,
    records: () => fileRecords(join(folder, randomUUID())),
    forget: () => Object.assign(sent, { ops: [], parts: [], stored: [], before: undefined }),
    /** @returns a new Uppy with the uploader, and the events that its files had */
    uppyOf(o = {}, ofCore = {}) {
      const uppy = new Uppy({ logger: quiet, ...ofCore }).use(SealedUploader, { ...made, ...o })
      return uppy
    },
    /** What the company opens of an object: its hash, and its name. */
    async opened(key) {
      const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
      const sealedName = Metadata?.['sealdrop-name']
      const stream = /** @type {any} */ (Body).transformToWebStream()
      const { readable, name } = await opener.openStream(stream, { context, sealedName })
      const hash = createHash('sha256')
      for await (const chunk of readable) hash.update(chunk)
      return { hash: hash.digest('hex'), name }
    },
    async close() {
      close()
      server.close()
      await opener.close()
      await local.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The world of a file of tests: it forgets before each of them, and ends with the last. */
export async function worldOfTests() {
  const world = await makeUppyWorld()
  after(() => world.close())
  beforeEach(() => void world.forget())
  return world
}

const quiet = { debug() {}, warn() {}, error() {} }

/** A file of random bytes, as a page gets it. */
export function fileOf(length, name = 'report.pdf', o = {}) {
  const bytes = randomBytes(length)
  const file = new File([bytes], name, { type: 'application/pdf', lastModified: 1_000, ...o })
  return { file, hash: createHash('sha256').update(bytes).digest('hex') }
}

/** Waits until something is so. */
export async function until(isSo, what = 'it came in 20 s') {
  for (let i = 0; i < 2_000 && !isSo(); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  if (!isSo()) throw new Error(`not so: ${what}`)
}
