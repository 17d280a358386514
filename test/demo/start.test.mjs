// `npm start` as a process: it says where the demo is, and ends when it is told to.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { S3 } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { startDemoS3 } from '../support/demo-s3.mjs'
import { listeningPort } from '../support/types.mjs'

const script = fileURLToPath(new URL('../../demo/start.mjs', import.meta.url))
let dir

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-start-'))
})
after(() => rm(dir, { recursive: true }))

function start(t, env, args = []) {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, DEMO_DIR: join(dir, 'kms'), NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const run = { child, out: '', exit: once(child, 'close') }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      run.out += text
    })
  run.saying = async (pattern) => {
    while (!pattern.test(run.out)) {
      if (child.exitCode !== null) assert.fail(`it ended with ${child.exitCode}: ${run.out}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return pattern.exec(run.out)
  }
  return run
}

test(
  'it prints the URL of a page that answers, makes keys once, and ends with 0 on SIGTERM and SIGINT',
  { timeout: 60_000 },
  async (t) => {
    for (const { signal, first } of /** @type {const} */ ([
      { signal: 'SIGTERM', first: true },
      { signal: 'SIGINT', first: false },
    ])) {
      const run = start(t, { PORT: '0' })
      const [, url] = await run.saying(/Sealdrop demo: (http:\S+)/)
      const page = await fetch(url)
      assert.strictEqual(page.status, 200)
      assert.include(await page.text(), '<sealdrop-drop', 'it opens with the element')
      assert.strictEqual(run.out.includes('Making the first keys'), first)
      await run.saying(/Ctrl\+C ends the demo/)
      run.child.kill(signal)
      assert.deepEqual(await run.exit, [0, null], run.out)
    }
  },
)

test('a taken port gives way to a free one, and it says so', { timeout: 60_000 }, async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const port = listeningPort(other)
  const run = start(t, { PORT: String(port) })
  const [, taken, used] = await run.saying(/Port (\d+) is taken, so the demo is on (\d+)\./)
  assert.strictEqual(Number(taken), port)
  await run.saying(new RegExp(`Sealdrop demo: http://127\\.0\\.0\\.1:${used}/`))
  const second = start(t, { PORT: '0' })
  await second.saying(/Is the demo already running/).catch(() => {})
  assert.deepEqual(await second.exit, [1, null])
  assert.match(second.out, /Is the demo already running in another terminal\?/)
  run.child.kill('SIGTERM')
  await run.exit
})

test(
  'a port that is none, and production, are refused in one line',
  { timeout: 60_000 },
  async (t) => {
    for (const [env, expected, ...args] of /** @type {[object, RegExp, ...string[]][]} */ ([
      [{ PORT: 'eighty' }, /^PORT: expected a number/],
      [{ PORT: '0', NODE_ENV: 'production' }, /does not run with NODE_ENV=production/],
      [{ PORT: '0' }, /^--s3: expected the name of a bucket/, '--s3', 'https://s3.example'],
      [{ PORT: '0' }, /^--s3: expected https:, or http: on/, '--s3', 'http://s3.example/bucket'],
      [{ PORT: '0' }, /^--s3: expected https:, or http: on/, '--s3', 'ftp://127.0.0.1/bucket'],
      [{ PORT: '0' }, /^--s3: expected no user/, '--s3', 'https://user:pw-7a@s3.example/bucket'],
      [{ PORT: '0' }, /^--s3: expected nothing after/, '--s3', 'https://s3.example/bucket?a=b'],
      [{ PORT: '0' }, /^--s3: expected BUCKET or https:/, '--s3', 'A_B'],
      [{ PORT: '0' }, /^Unknown option/, '--s4', 'bucket'],
    ])) {
      const run = start(t, env, args)
      assert.deepEqual(await run.exit, [1, null])
      assert.match(run.out, expected)
      assert.ok(!run.out.includes('    at '), 'no stack trace')
      assert.notInclude(run.out, 'pw-7a')
    }
  },
)

test(
  'files go to a bucket that is named, by credentials of the environment, and it says what that bucket lacks',
  { timeout: 60_000 },
  async (t) => {
    const store = await startDemoS3()
    t.after(() => store.close())
    const { endpoint, credentials, region } = store.config
    const s3 = new S3(store.config)
    t.after(() => s3.destroy())
    await s3.createBucket({ Bucket: 'somebodys' })
    const env = {
      PORT: '0',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
    }
    const run = start(t, env, ['--s3', `${endpoint}/somebodys`])
    const [, url] = await run.saying(/Sealdrop demo: (http:\S+)/)
    await run.saying(/Ctrl\+C ends the demo/)
    assert.include(run.out, `${endpoint}, bucket somebodys`)
    assert.match(run.out, /pages of the origins may send: NOT OK\. not those of http:/)
    const policy = (await fetch(url)).headers.get('content-security-policy')
    assert.include(policy, `connect-src 'self' ${endpoint};`)
    const asks = { origin: new URL(url).origin, 'access-control-request-method': 'PUT' }
    const place = `${endpoint}/somebodys/x`
    const { status } = await fetch(place, { method: 'OPTIONS', headers: asks })
    assert.strictEqual(status, 403, 'its rules are not changed')
    run.child.kill('SIGTERM')
    assert.deepEqual(await run.exit, [0, null], run.out)
  },
)
