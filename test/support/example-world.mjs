// The world in which the examples of docstrings run: a folder, a local KMS with a company's keys,
// and the hosts of example.com on loopback.
import { createPublicKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { inspect } from 'sealdrop'
import { createPublisher, createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { awsStores } from './example-aws-stores.mjs'
import { writeInventory } from './example-inventory.mjs'
import { listen } from './listen.mjs'

const purposes = [
  { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  { alias: 'alias/vault', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
  { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
  { alias: 'alias/archive', spec: 'ML_DSA_65', usage: 'SIGN_VERIFY' },
]
/** It has no public half. */
const cold = { alias: 'alias/cold', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' }
const published = ['alias/claims', 'alias/vault', 'alias/receipts']
const order = '{"order":7}'

/** A file that answers Range requests, as object stores do. */
function fileAnswer(request, bytes) {
  const { length } = bytes
  const headers = { etag: `"${length}"`, 'accept-ranges': 'bytes' }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '') ?? []
  if (from === undefined) return new Response(bytes, { headers })
  const start = Number(from)
  const end = Math.min(length, to ? Number(to) + 1 : length)
  const unsatisfied = { ...headers, 'content-range': `bytes */${length}` }
  if (start >= length) return new Response(null, { status: 416, headers: unsatisfied })
  const range = { ...headers, 'content-range': `bytes ${start}-${end - 1}/${length}` }
  return new Response(bytes.subarray(start, end), { status: 206, headers: range })
}

/** `files.example.com`: GET with ranges, HEAD, PUT. */
const fileServer = (files) => async (request) => {
  const { pathname } = new URL(request.url)
  if (request.method === 'PUT') {
    files.set(pathname, Buffer.from(await request.arrayBuffer()))
    return new Response(null, { status: 201 })
  }
  const bytes = files.get(pathname)
  return bytes ? fileAnswer(request, bytes) : new Response(null, { status: 404 })
}

/** `app.example.com`: its own key set, and a receipt for whatever is posted to it. */
const appServer = (signer, keys) => async (request) => {
  if (request.method !== 'POST') return keys(request)
  const sealed = await inspect(await request.text())
  const { messageId = '', digest = '', length = 0, context } = sealed
  return new Response(
    await signer.signReceipt({ messageId, digest, length, context, stage: 'received' }),
  )
}

/** `keys.example.com`: the plain set by two names, and the signed one. */
function keyServer(kms) {
  const keys = published.map((key) => ({ key, withArn: true }))
  const plain = keySetHandler(createPublisher({ kms, keys }))
  const paths = new Map([
    ['/keys.json', plain],
    ['/.well-known/jwks.json', plain],
    ['/signed-keys.json', keySetHandler(createPublisher({ kms, keys, root: 'alias/root' }))],
  ])
  return (request) =>
    paths.get(new URL(request.url).pathname)?.(request) ?? new Response(null, { status: 404 })
}

/** What `files.example.com` has from the start. */
async function signedFiles({ client, signer, report }) {
  const signed = await client.send(
    new SignCommand({
      KeyId: 'alias/receipts',
      Message: Buffer.from(order),
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
  )
  const order7 = await signer.sign({ order: 7 }, { typ: 'order+jws' })
  const session = await signer.signJwt(
    { iss: 'https://app.example.com', aud: 'claims', sub: 'clerk 7' },
    { expiresIn: 3_600_000 },
  )
  const reportSignature = await signer.signFile(new Blob([report]), { name: 'report.pdf' })
  return new Map([
    ['/order-7.json', Buffer.from(order)],
    ['/order-7.jws', Buffer.from(order7)],
    ['/order-7.sig', Buffer.from(signed.Signature ?? [])],
    ['/session.jwt', Buffer.from(session)],
    ['/report.pdf', report],
    ['/report.pdf.sig', Buffer.from(reportSignature)],
  ])
}

/** The folder: a file, a key in PEM, thumbprints to pin, the root's public half, an inventory. */
async function writeFolder(folder, { kms, report }) {
  const [claims, vault, receipts, top] = await Promise.all(
    purposes.map(({ alias }) => publicJwk({ kms, key: alias })),
  )
  const key = createPublicKey({ key: { ...claims }, format: 'jwk' })
  writeFileSync(join(folder, 'report.pdf'), report)
  writeFileSync(join(folder, 'key.pem'), key.export({ type: 'spki', format: 'pem' }))
  writeFileSync(join(folder, 'root.json'), JSON.stringify(top))
  const pins = [claims, vault, receipts].map(({ kid }) => kid)
  writeFileSync(join(folder, 'pins.json'), JSON.stringify(pins))
  await writeInventory(join(folder, 'keys'), kms)
}

/**
 * Starts the world.
 *
 * - `folder`: the current one of the examples, with `report.pdf`, `key.pem`, `pins.json` (the
 *   thumbprints of what is published), `root.json` (the JWK for `signedBy`) and `keys` (an
 *   inventory)
 * - `env`: AWS_* of the local KMS, and of an S3 and a DynamoDB that hold what is put there
 * - `hosts`: what stands for keys.example.com, files.example.com and app.example.com
 */
export async function startWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-examples-'))
  const local = await startLocalKms({ keys: [...purposes, cold] })
  const client = new KMSClient(local.clientConfig)
  const kms = local.clientConfig
  const signer = createSigner({ kms, key: 'alias/receipts' })
  const report = Buffer.from(`%PDF-1.7\n${randomBytes(786_425).toString('base64')}`).subarray(
    0,
    1_048_576,
  )
  await writeFolder(folder, { kms, report })
  const files = await signedFiles({ client, signer, report })
  const keys = keyServer(kms)
  const [keyHost, fileHost, appHost, stores] = await Promise.all(
    [keys, fileServer(files), appServer(signer, keys), awsStores()].map(listen),
  )
  return {
    folder,
    env: {
      ...local.env,
      AWS_ENDPOINT_URL_S3: stores.url,
      AWS_ENDPOINT_URL_DYNAMODB: stores.url,
    },
    hosts: Object.fromEntries(
      Object.entries({ keys: keyHost, files: fileHost, app: appHost }).map(([name, { url }]) => [
        `https://${name}.example.com`,
        url.replace(/\/$/, ''),
      ]),
    ),
    async close() {
      client.destroy()
      await Promise.all([keyHost, fileHost, appHost, stores].map((host) => host.close()))
      await local.close()
      rmSync(folder, { recursive: true })
    },
  }
}
