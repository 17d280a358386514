// What the library asks of its peers, beside the versions that are installed here: run.mjs copies
// it into a folder, and runs a part of it there.
import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { importKeySet, inHand, seal, sealedLength, sealStream } from 'sealdrop'
import * as kmsDoor from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { uploadHandler } from 'sealdrop/s3'

const { applyRotation, createOpener, createPublisher, createSigner, deleteKey } = kmsDoor
const { doctor, dynamoDbInventory, fileInventory, planRotation, retireKey, s3Inventory } = kmsDoor
const empty = { version: /** @type {const} */ (1), counter: 0, purposes: [], keys: [] }
const where = { region: 'us-east-1', maxAttempts: 1 }
const other = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
}
const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }

/** Everything that KMS is asked for, over an inventory in a folder. */
async function kms() {
  const local = await startLocalKms({
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const store = fileInventory(`keys-${process.pid}`)
  const config = local.clientConfig
  /** @type {import('sealdrop/kms').Purpose[]} */
  const purposes = [
    { name: 'rsa', use: 'enc', alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
    { name: 'ec', use: 'enc', alias: 'alias/ec', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { name: 'sig', use: 'sig', alias: 'alias/sig', spec: 'ML_DSA_44', usage: 'SIGN_VERIFY' },
  ]
  await store.write({ ...empty, purposes })
  const start = Date.now() - 810 * 86_400_000
  for (const days of [0, 400, 800]) {
    const now = () => start + days * 86_400_000
    const { inventory } = (await store.read()) ?? assert.fail()
    const plan = planRotation(inventory, { now: new Date(now()), every: 'P1Y' })
    await applyRotation(plan, { store, kms: config, now })
  }
  const { jwks } = await createPublisher({
    keys: store,
    root: 'alias/root',
    kms: config,
  }).documents()
  const keys = importKeySet(jwks, { trust: inHand() })
  const opener = createOpener({ keys: store, kms: config })
  const opened = await opener.open(await seal(keys, 'x', { context: {} }), { context: {} })
  assert.equal(opened.text(), 'x')
  const signer = createSigner({ key: 'alias/root', kms: config })
  assert.equal((await signer.sign('x')).split('.').length, 3)
  const findings = await doctor({ store, roles: ['opener'], kms: config })
  assert.ok(findings.some(({ check, ok }) => ok && check.startsWith('opener: may Decrypt')))
  const { inventory } = (await store.read()) ?? assert.fail()
  const retired = inventory.keys.find(({ state }) => state === 'retired')
  const key = retired?.thumbprint ?? assert.fail()
  // both ask when the key was used last
  await retireKey({ store, key, keepUntil: new Date(), disable: true, kms: config })
  const { deletes } = await deleteKey({ store, key, confirm: key, kms: config })
  assert.ok(deletes > new Date())
  await local.close()
}

/** A server that answers by a function. @returns what it was asked, and how to end it */
async function answering(answer) {
  const asked = []
  const serve = async (request, response) => {
    const chunks = await request.toArray()
    asked.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    const { status, headers = {}, body = '' } = answer(request, asked.at(-1))
    response.writeHead(status, headers).end(body)
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { asked, endpoint: `http://127.0.0.1:${port}`, close: () => server.close() }
}

const refusal = '<Error><Code>PreconditionFailed</Code><Message>x</Message></Error>'
async function openS3() {
  const { S3 } = await import('@aws-sdk/client-s3')
  const server = await answering(({ method, headers }) => {
    if (method === 'GET')
      return { status: 200, headers: { etag: '"1"' }, body: JSON.stringify(empty) }
    const isOld = headers['if-match'] === '"0"' || headers['if-none-match'] === '*'
    return isOld ? { status: 412, body: refusal } : { status: 200, headers: { etag: '"2"' } }
  })
  const client = new S3({ ...where, credentials, forcePathStyle: true, endpoint: server.endpoint })
  return { server, store: s3Inventory({ s3: client, bucket: 'b', key: 'k' }) }
}

/** Its writes carry a condition: without it two publishers overwrite each other. */
async function s3() {
  const { server, store } = await openS3()
  const { etag } = (await store.read()) ?? assert.fail()
  await store.write(empty, etag)
  assert.equal(server.asked.at(-1)?.headers['if-match'], '"1"')
  for (const old of ['"0"', undefined])
    await assert.rejects(store.write(empty, old), { code: 'conflict' })
  server.close()
}

const uploadId =
  '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'

/** What the client says of the checksum of an upload that it begins. */
async function checksumType() {
  const { S3 } = await import('@aws-sdk/client-s3')
  const server = await answering(() => ({ status: 200, headers: {}, body: uploadId }))
  const client = new S3({ ...where, credentials, endpoint: server.endpoint, forcePathStyle: true })
  await client.createMultipartUpload({ Bucket: 'b', Key: 'k', ChecksumType: 'COMPOSITE' })
  server.close()
  return server.asked.at(-1)?.headers['x-amz-checksum-type']
}

/** An upload begins, and a URL binds length and checksum, also with a client as it is by default. */
async function uploads() {
  const { S3Client } = await import('@aws-sdk/client-s3')
  assert.equal(await checksumType(), 'COMPOSITE')
  const server = await answering(() => ({ status: 200, headers: {}, body: uploadId }))
  const { endpoint } = server
  const client = new S3Client({ ...where, credentials, endpoint, forcePathStyle: true })
  const handler = uploadHandler({
    s3: client,
    bucket: 'b',
    prefix: 'in/',
    authorize: () => ({ subject: 'acme' }),
    origins: [],
    secrets: ['0123456789'.repeat(4)],
  })
  const ask = async (/** @type {object} */ members) => {
    const headers = { 'content-type': 'application/vnd.sealdrop.upload+json' }
    const body = JSON.stringify(members)
    const answer = await handler(new Request('http://a/', { method: 'POST', headers, body }))
    return answer.json()
  }
  const keys = importKeySet(other, { trust: inHand(), use: 'enc' })
  const { readable, length = 0 } = await sealStream(keys, new Blob([]), { context: {} })
  const message = Buffer.from(await new Response(readable).arrayBuffer())
  for (const size of [0, 20_000_000]) {
    const all = await sealedLength(keys, size, { context: {} })
    // an empty message is its header and 40 bytes
    const header = message.subarray(0, length - 40).toString('base64url')
    const { session, partLength } = await ask({ op: 'begin', header, length: all })
    const part = { part: 1, length: Math.min(all, partLength), sha256: 'A'.repeat(43) }
    const { parts } = await ask({ op: 'sign', session, parts: [part] })
    const signed = new URL(parts[0].url).searchParams.get('X-Amz-SignedHeaders') ?? ''
    assert.match(signed, /content-length;.*x-amz-checksum-sha256/)
    assert.equal(parts[0].headers['x-amz-checksum-sha256'], `${'A'.repeat(43)}=`)
  }
  server.close()
}

async function dynamodb() {
  const { DynamoDB } = await import('@aws-sdk/client-dynamodb')
  const json = JSON.stringify(empty)
  const item = { id: { S: 'sealdrop' }, version: { S: '1' }, inventory: { S: json } }
  const type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException'
  const server = await answering((request, { body }) => {
    const headers = { 'content-type': 'application/x-amz-json-1.0' }
    if (String(request.headers['x-amz-target']).endsWith('GetItem'))
      return { status: 200, headers, body: JSON.stringify({ Item: item }) }
    const { ExpressionAttributeValues: seen } = JSON.parse(body)
    if (seen?.[':seen'].S === '1') return { status: 200, headers, body: '{}' }
    return { status: 400, headers, body: JSON.stringify({ __type: type, message: 'x' }) }
  })
  const client = new DynamoDB({ ...where, credentials, endpoint: server.endpoint })
  const store = dynamoDbInventory({ dynamoDb: client, table: 't' })
  const { etag } = (await store.read()) ?? assert.fail()
  await store.write(empty, etag)
  for (const old of ['0', undefined])
    await assert.rejects(store.write(empty, old), { code: 'conflict' })
  server.close()
}

/** The command finds the clients of both stores, which nobody answers here. */
async function command() {
  const nobody = 'http://127.0.0.1:9'
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: nobody,
    AWS_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  }
  for (const name of ['s3://b/k.json', 'dynamodb://t']) {
    const args = ['node_modules/sealdrop/dist/cli/index.js', 'doctor', '--inventory', name]
    const ended = await promisify(execFile)(process.execPath, args, { env }).catch((e) => e)
    assert.match(ended.stdout, /^NOT OK +inventory: can be read$/m)
  }
}

/** A token that KMS signed, in the verbs of jose. */
async function jose() {
  const { compactVerify, errors, jwtVerify } = await import('jose')
  const { joseKeys } = await import('sealdrop/jose')
  const local = await startLocalKms({
    keys: [{ alias: 'alias/a', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const config = { kms: local.clientConfig, key: 'alias/a' }
  const token = await createSigner(config).signJwt({ iss: 'us' }, { expiresIn: 60_000 })
  const keys = importKeySet(await kmsDoor.publicJwk(config), { trust: inHand() })
  await local.close()
  const { payload } = await jwtVerify(token, joseKeys(keys), { issuer: 'us' })
  assert.equal(payload.iss, 'us')
  await compactVerify(token, joseKeys(keys))
  const others = importKeySet({ keys: [{ ...other, use: 'sig' }] }, { trust: inHand() })
  await assert.rejects(jwtVerify(token, joseKeys(others)), errors.JWKSNoMatchingKey)
}

/** A file that Uppy hands on, and another uploader that is refused. */
async function uppy() {
  const { default: Uppy, BasePlugin } = await import('@uppy/core')
  const { SealedUploader } = await import('sealdrop/uppy')
  const { uploadTransport } = await import('sealdrop/upload')
  const asked = []
  const transport = {
    ...uploadTransport('http://127.0.0.1:9/'),
    ask: async (op) => {
      asked.push(op)
      throw Object.assign(new Error('no'), {
        name: 'SealdropError',
        code: 'rejected',
        retryable: false,
      })
    },
  }
  const keys = importKeySet({ keys: [{ ...other, use: 'enc' }] }, { trust: inHand() })
  const made = new Uppy({ logger: { debug() {}, warn() {}, error() {} } })
  made.use(SealedUploader, { keys, context: {}, transport })
  class Another extends BasePlugin {
    type = 'uploader'
    id = 'Another'
  }
  assert.throws(() => made.use(Another), { code: 'conflict' })
  made.addFile({ name: 'a.txt', data: new Blob(['a']) })
  const { failed } = await made.upload()
  assert.equal(failed.length, 1)
  assert.deepEqual(asked, ['begin'])
  made.destroy()
}

/** Beside versions that are too old. */
async function below() {
  const opener = createOpener({ kms: { ...where, credentials }, keys: ['alias/x'] })
  const { message } = await opener.ready().catch((error) => error)
  const sent = await checksumType()
  console.log(`${message}\nS3 sent ${sent ?? 'no checksum type'}`)
}

const parts = { kms, s3, uploads, dynamodb, command, jose, uppy, below }
const part = process.argv[2] ?? ''
await parts[part]()
if (part !== 'below') console.log('done')
