// What the tests of upload and link share: a local KMS, a bucket of the demo's S3, and a handler
// over it that takes links, and a header.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, afterEach } from 'node:test'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { importKeySet, inHand } from 'sealdrop'
import { createDropLink, createOpener, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { dropLinks, memoryLinks, uploadListener } from 'sealdrop/s3'
import { startS3 } from '../../demo/s3/server.mjs'
import { portOf } from '../support/listen.mjs'
import { cliWorld, run } from './seal-helpers.mjs'

export const MiB = 2 ** 20
const secret = 'a secret of 32 bytes for this test'
const linkKey = 'alias/links'

/** @param {{ request: Request }} asked */
const byHeader = ({ request }) =>
  request.headers.get('x-sender') === 'acme' ? { subject: 'acme' } : null

export async function uploadWorld() {
  const world = await cliWorld()
  const links = await startLocalKms({
    keys: [{ alias: linkKey, spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const kms = links.clientConfig
  const keys = importKeySet(await publicJwk({ kms, key: linkKey }), { trust: inHand() })
  const bucket = await startS3({ dir: join(world.folder, 's3') })
  const s3 = new S3Client(bucket.config)
  await s3.send(new CreateBucketCommand({ Bucket: 'uploads' }))
  /** @type {string[]} */
  const ops = []
  /** @type {{ before: (op: string | undefined) => unknown }} */
  const hook = { before: () => {} }
  const store = memoryLinks()
  let listener
  const server = createServer((request, response) => listener(request, response))
  const handler = `http://127.0.0.1:${await portOf(server)}/uploads`
  const byLink = dropLinks({ keys, audience: handler, store })
  listener = uploadListener({
    s3,
    bucket: 'uploads',
    prefix: 'inbox/',
    secrets: [secret],
    origins: [],
    async authorize(asked) {
      ops.push(asked.op)
      await hook.before(asked.op)
      return byHeader(asked) ?? byLink(asked)
    },
  })
  const opener = createOpener({ kms: world.kms, keys: ['alias/claims'] })
  const page = handler.replace('/uploads', '/send')
  const of = { kms, key: linkKey, page, audience: handler, subject: 'acme' }
  return {
    ...world,
    links,
    store,
    handler,
    ops,
    hook,
    s3,
    linkOf: (o = {}) =>
      createDropLink({ ...of, context: { claim: '7' }, expiresIn: 3_600_000, ...o }),
    /** The plaintext of an object. */
    async opened(Key, context = { claim: '7' }) {
      const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: 'uploads', Key }))
      const stream = Body?.transformToWebStream()
      if (!stream) throw new Error('the object has no body')
      const sealedName = Metadata?.['sealdrop-name']
      const found = await opener.openStream(stream, { context, sealedName })
      const bytes = Buffer.from(await new Response(found.readable).arrayBuffer())
      return { bytes, name: found.name?.name }
    },
    leaveReceipt: (key, Body) =>
      s3.send(new PutObjectCommand({ Bucket: 'uploads', Key: `receipts/${key}`, Body })),
    listed: () => s3.send(new ListObjectsV2Command({ Bucket: 'uploads', Prefix: 'inbox/' })),
    /** The parts of uploads that are not complete. */
    async partsThere() {
      const Bucket = 'uploads'
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }))
      const lists = Uploads.map(({ Key, UploadId }) =>
        s3.send(new ListPartsCommand({ Bucket, Key, UploadId })),
      )
      return (await Promise.all(lists)).flatMap(({ Parts = [] }) => Parts).length
    },
    /** Runs the command in the folder, with a state folder of its own. */
    upload: (args, o = {}) =>
      run(['upload', ...args], {
        cwd: world.folder,
        ...o,
        env: { XDG_STATE_HOME: world.at('state'), ...o.env },
      }),
    async close() {
      server.close()
      server.closeAllConnections()
      s3.destroy()
      await Promise.all([opener.close(), bucket.close(), links.close()])
      await world.close()
    },
  }
}

/** The world of a file of tests: each of them begins without hooks, and the last one ends it. */
export async function worldOfTests() {
  const world = await uploadWorld()
  after(() => world.close())
  afterEach(() => {
    world.hook.before = () => {}
    world.ops.length = 0
  })
  return world
}
