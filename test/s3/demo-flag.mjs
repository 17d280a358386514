// `npm start -- --s3 https://ENDPOINT/BUCKET` as a process over an S3 that we did not write: a file is
// sent by its handler, gets a receipt, and is opened.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { fetchKeySet, overHttps, verifyReceipt } from 'sealdrop'
import { uploadSealed, uploadTransport } from 'sealdrop/upload'
import { MiB } from './messages.mjs'

const script = fileURLToPath(new URL('../../demo/start.mjs', import.meta.url))
const context = { form: 'insurance-claim', part: 'file' }

/** The demo over a bucket that is there. @returns its URL, once it says so */
async function startDemo(t, { endpoint, region, credentials }, bucket) {
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-flag-'))
  const env = {
    ...process.env,
    PORT: '0',
    NODE_ENV: '',
    DEMO_DIR: join(dir, 'kms'),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
  }
  const args = [script, '--s3', `${endpoint}/${bucket}`]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    const gone = once(child, 'exit')
    if (child.exitCode === null && child.kill('SIGTERM')) await gone
    await rm(dir, { recursive: true })
  })
  let said = ''
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(said)))
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text
      const [, url] = /step by step: +(http:\S+)/.exec(said) ?? []
      if (url) resolve(url)
    })
  })
}

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function demoFlagSuite({ test, assert, world }) {
  test('the demo with --s3: files of one PUT and of parts are received and opened', async (t) => {
    const { s3, config } = world()
    const Bucket = `flag-${randomBytes(4).toString('hex')}`
    await s3.send(new CreateBucketCommand({ Bucket }))
    const url = await startDemo(t, config, Bucket)
    const keys = fetchKeySet(`${url}.well-known/jwks.json`, { trust: overHttps() })
    const transport = uploadTransport(`${url}api/uploads`)
    for (const size of [1_000, 9 * MiB]) {
      const bytes = randomBytes(size)
      const sending = await uploadSealed(keys, new File([bytes], 'a.bin'), { context, transport })
      const { messageId, digest, key, session } = await sending.done
      let receipt
      for (let i = 0; i < 100 && !receipt; i++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        ;({ receipt } = await transport.ask('receipt', { session }))
      }
      await verifyReceipt(keys, receipt, { sent: { messageId, digest } })
      const opened = await fetch(`${url}api/files/${key.split('/').at(-1)}/open`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.sealdrop.demo+json' },
        body: '{}',
      })
      const { seen } = await opened.json()
      assert.equal(seen.sha256, createHash('sha256').update(bytes).digest('hex'))
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
      const found = Contents.map(({ Key }) => Key)
      assert.includeMembers(found, [key, `receipts/${key}`])
    }
  })
}
