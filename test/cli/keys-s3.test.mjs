// sealdrop keys with the inventory and the set in S3: the demo's, which speaks its protocol.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, afterEach, before, test } from 'node:test'
import { S3 } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { startS3 } from '../../demo/s3/server.mjs'
import { listeningPort } from '../support/types.mjs'
import { keysWorld, twoPurposes } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
/** @type {Awaited<ReturnType<typeof startS3>>} */
let server
/** @type {S3} */
let s3
const dir = mkdtempSync(join(tmpdir(), 'sealdrop-cli-keys-s3-'))
const Bucket = 'bucket'
/** Is awaited before a request of the command reaches S3. */
const gate = {
  before: async (
    /** @type {string} */ _request,
    /** @type {import('node:http').IncomingHttpHeaders} */ _headers,
  ) => {},
}
/**
 * Hands a request on to S3, and its answer back.
 *
 * @param {import('node:http').IncomingMessage} incoming
 * @param {import('node:http').ServerResponse} response
 */
async function handOn(incoming, response) {
  const { method, url: path, headers } = incoming
  await gate.before(`${method} ${path}`, headers)
  const to = { host: '127.0.0.1', port: server.port, method, path, headers }
  const onward = request(to)
  const sending = pipeline(incoming, onward)
  const [answer] = await once(onward, 'response')
  // clients put their clocks right by it
  const date = new Date(Date.now() + world.clock.ahead).toUTCString()
  response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date })
  await Promise.all([sending, pipeline(answer, response)])
}
const broken = []
const proxy = createServer((incoming, response) => {
  handOn(incoming, response).catch((error) => {
    // a command that is left without an answer would wait for ever
    response.destroy()
    broken.push(`${incoming.method} ${incoming.url}: ${error}`)
  })
})
let url = ''
before(async () => {
  world = await keysWorld()
  const credentials = {
    accessKeyId: world.local.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: world.local.env.AWS_SECRET_ACCESS_KEY,
  }
  server = await startS3({ dir, credentials, now: () => Date.now() + world.clock.ahead })
  s3 = new S3({ ...server.config, maxAttempts: 1 })
  await s3.createBucket({ Bucket })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  url = `http://127.0.0.1:${listeningPort(proxy)}`
})
after(async () => {
  s3.destroy()
  proxy.close()
  proxy.closeAllConnections()
  await server.close()
  await world.close()
  rmSync(dir, { recursive: true, force: true })
})

afterEach(() => assert.deepEqual(broken, [], 'the bucket answered whole each time'))

const of = ['--inventory', `s3://${Bucket}/private/keys.json`]
const publish = ['publish', ...of, '--root', 'alias/root', '--to', `s3://${Bucket}/web/keys/`]
const keys = (...args) => world.run(['keys', ...args], { env: { AWS_ENDPOINT_URL_S3: url } })
const done = async (...args) => {
  const ended = await keys(...args)
  assert.equal(ended.code, 0, ended.err)
  return ended
}
const object = async (name, folder = 'web/keys') => {
  const found = await s3.getObject({ Bucket, Key: `${folder}/${name}` })
  return { ...found, text: (await found.Body?.transformToString()) ?? '' }
}
const told = (work) =>
  work.then(
    () => 'done',
    (error) => error.name,
  )

test('the conditions of a write: what is there must be what was read', async () => {
  const { ETag = '' } = await s3.putObject({ Bucket, Key: 'x', Body: '1' })
  const put = (o) => told(s3.putObject({ Bucket, Key: 'x', Body: '2', ...o }))
  assert.equal(await put({ IfNoneMatch: '*' }), 'PreconditionFailed')
  assert.equal(await put({ IfMatch: '"other"' }), 'PreconditionFailed')
  assert.equal(await put({ IfMatch: ETag, Key: 'absent' }), 'NoSuchKey')
  assert.equal(await put({ IfMatch: ETag }), 'done')
  assert.equal(await put({ IfMatch: ETag }), 'PreconditionFailed')
  const both = await Promise.all([
    put({ IfNoneMatch: '*', Key: 'y' }),
    put({ IfNoneMatch: '*', Key: 'y' }),
  ])
  assert.sameMembers(both, ['done', 'PreconditionFailed'])
})

test('an inventory in S3 is made, listed and published, with content types and cache headers', async () => {
  await done('init', ...of, ...twoPurposes)
  assert.equal((await keys('init', ...of, ...twoPurposes)).code, 2)
  assert.lengthOf((await done('list', ...of, '--json')).lines, 4)
  const dry = await done(...publish, '--dry-run')
  assert.match(
    dry.lines[0] ?? '',
    /^would write {3}s3:\/\/bucket\/web\/keys\/history\.jwt {2}2 keys/,
  )
  assert.equal(await told(object('jwks.jwt')), 'NoSuchKey')
  await done(...publish)
  for (const [name, type] of [
    ['history.jwt', 'application/jwk-set+jwt'],
    ['jwks.jwt', 'application/jwk-set+jwt'],
    ['jwks.json', 'application/jwk-set+json'],
  ]) {
    const { ContentType, CacheControl, text } = await object(name)
    assert.deepEqual([ContentType, CacheControl], [type, 'public, max-age=300'])
    assert.notEqual(text, '')
  }
  const last = (await object('jwks.jwt')).ETag
  await done(...publish)
  assert.notEqual((await object('jwks.jwt')).ETag, last)
})

test('age.txt and its signature go between the history and the sets, as text that caches keep', async () => {
  const own = ['--inventory', `s3://${Bucket}/private/age.json`]
  const files = ['--purpose', 'files=ECC_NIST_P256:KEY_AGREEMENT', '--age']
  const signer = ['--purpose', 'signer=ECC_NIST_P256:SIGN_VERIFY']
  await done('init', ...own, ...files, ...signer, '--without-arn')
  const to = ['--root', 'alias/root', '--sign-with', 'signer', '--to', `s3://${Bucket}/age`]
  const put = []
  gate.before = async (asked, { 'if-none-match': none, 'if-match': tag }) => {
    const [, name] = /^PUT .*\/age\/([\w.]+)\?/.exec(asked) ?? []
    if (name) put.push([name, none ?? tag])
  }
  await done('publish', ...own, ...to)
  const text = 'text/plain; charset=utf-8'
  const types = {
    'history.jwt': 'application/jwk-set+jwt',
    'age.txt': text,
    'age.txt.sig': text,
    'jwks.jwt': 'application/jwk-set+jwt',
    'jwks.json': 'application/jwk-set+json',
  }
  const names = Object.keys(types)
  assert.deepEqual(
    put,
    names.map((name) => [name, '*']),
    'in this order, and over nothing',
  )
  const tags = []
  for (const name of names) {
    const { ContentType, CacheControl, ETag, text: written } = await object(name, 'age')
    assert.deepEqual([ContentType, CacheControl], [types[name], 'public, max-age=300'], name)
    writeFileSync(world.at(name), written)
    tags.push(ETag)
  }
  const recipient = (await done('show', ...own, 'files', '--as', 'age')).lines[0]
  assert.include(world.text('age.txt'), `\n# files\n${recipient}\n`)
  const signedBy = ['-k', 'jwks.jwt', '--root', 'root.json']
  const verified = await world.run(['verify', ...signedBy, 'age.txt'])
  assert.equal(verified.code, 0, verified.err)
  put.length = 0
  await done('publish', ...own, ...to)
  gate.before = async () => {}
  assert.deepEqual(
    put,
    names.map((name, at) => [name, tags[at]]),
    'over what was read only',
  )
})

test('a publisher that another one overtook is a conflict, and leaves what the other wrote', async () => {
  const plain = await object('jwks.json')
  const signed = (await object('jwks.jwt')).text
  const put = []
  gate.before = async (asked) => {
    if (!asked.startsWith('PUT')) return
    put.push(/\/([\w.]+)\?/.exec(asked)?.[1])
    // it has read what is there, and is about to write the first one
    if (put.length === 1)
      await s3.putObject({ Bucket, Key: 'web/keys/jwks.jwt', Body: `${signed}\n` })
  }
  const { code, err } = await keys(...publish)
  gate.before = async () => {}
  assert.deepEqual(put, ['history.jwt', 'jwks.jwt'], 'in this order, and no further')
  assert.equal(code, 6, err)
  assert.match(err, /jwks\.jwt: another publisher wrote it meanwhile; publish again\n$/)
  assert.equal((await object('jwks.jwt')).text, `${signed}\n`)
  assert.equal((await object('jwks.json')).ETag, plain.ETag, 'nothing more was written')
  await done(...publish)
})

test('two publishers at the same time: one writes all, the other one too or is a conflict', async () => {
  const both = await Promise.all([keys(...publish), keys(...publish)])
  for (const { code, err } of both) assert.include([0, 6], code, err)
  const signed = (await object('jwks.jwt')).text
  const { ver } = JSON.parse(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString())
  assert.isAbove(ver, 0)
})

test('two rotations at the same time: the keys are made once', async () => {
  const { clock } = world
  clock.ahead += 400 * 24 * 3_600_000
  const both = await Promise.all([keys('rotate', ...of), keys('rotate', ...of)])
  for (const { code, err } of both) assert.include([0, 6], code, err)
  clock.ahead += 3_600_000
  await done('rotate', ...of)
  const rows = (await done('list', ...of, '--json')).lines.map((line) => JSON.parse(line))
  for (const purpose of ['claims', 'receipts'])
    assert.deepEqual(
      rows.filter((row) => row.purpose === purpose).map(({ state }) => state),
      ['retired', 'current', 'next'],
    )
})

test('without a Region, or with a profile that is not there, a sentence says so', async () => {
  const env = { AWS_REGION: '', AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' }
  const list = (more) =>
    world.run(['keys', 'list', ...of, '--profile', 'nobody'], { env: { ...env, ...more } })
  const { code, err } = await list({ AWS_ENDPOINT_URL_S3: url })
  assert.equal(code, 2, err)
  assert.match(err, /^sealdrop: no Region is known: set AWS_REGION/)
  const without = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_REGION: 'us-east-1' }
  const denied = await list({
    AWS_ENDPOINT_URL_S3: url,
    ...without,
    AWS_EC2_METADATA_DISABLED: 'true',
  })
  assert.equal(denied.code, 7, denied.err)
  assert.match(denied.err, /the inventory cannot be read: CredentialsProviderError/)
})

test('open takes the profile of the command line for its inventory too', async () => {
  const config = join(dir, 'config')
  writeFileSync(config, '[profile there]\nregion = us-east-1\n')
  const more = { AWS_REGION: undefined, AWS_CONFIG_FILE: config }
  const env = { AWS_ENDPOINT_URL_S3: url, ...more }
  const open = (...args) => world.run(['open', ...of, ...args, 'nothing-here'], { env })
  assert.match((await open()).err, /no Region is known/)
  const { code, err } = await open('--profile', 'there')
  assert.equal(code, 7, err)
  assert.match(err, /nothing-here: ENOENT/)
})

test('a bucket that is not there is told by its name, with exit code 7', async () => {
  const { code, err } = await keys('publish', ...of, '--unsigned', '--to', 's3://nothing-here')
  assert.equal(code, 7, err)
  assert.match(err, /s3:\/\/nothing-here\/history\.jwt: it cannot be read: NoSuchBucket/)
})
