import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as aws from '@aws-sdk/client-kms'
import { SignatureV4 } from '@smithy/signature-v4'
import { startLocalKms } from 'sealdrop/local-kms'

export const base64 = (bytes) => Buffer.from(bytes).toString('base64')
const blobs = [
  'Message',
  'Plaintext',
  'CiphertextBlob',
  'Signature',
  'PublicKey',
  'ImportToken',
  'EncryptedKeyMaterial',
]

/** The unmodified AWS client. `kms('Sign', {...})` sends and gives the answer. */
export function clientOf(local) {
  const client = new aws.KMSClient(local.clientConfig)
  return (operation, input = {}) => client.send(new aws[`${operation}Command`](input))
}

/** The same input for the client as for the wire: blobs are base64 in tables. */
export const forClient = (input) =>
  Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      blobs.includes(name) && value !== undefined ? Buffer.from(value, 'base64') : value,
    ]),
  )

/** Headers of a request whose signature is right in form only. */
export function wireHeaders(region = 'us-east-1') {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  return {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 Credential=LOCALKMSLOCALKMS/${time.slice(0, 8)}/${region}/kms/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`,
  }
}

/** SHA-256 and HMAC in the form that the signer takes. */
class Sha256 {
  #hash
  constructor(secret) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data) {
    this.#hash.update(data)
  }
  async digest() {
    return new Uint8Array(this.#hash.digest())
  }
}

/** Headers as the AWS SDK's signer makes them. */
export async function signed(
  { url, clientConfig: { region, credentials } },
  { method, path, headers, body },
) {
  const signer = new SignatureV4({
    service: 'kms',
    region,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  })
  const { hostname, host } = new URL(url)
  const all = Object.fromEntries(
    Object.entries({ host, ...headers }).map(([name, value]) => [name, String(value)]),
  )
  return (
    await signer.sign({ protocol: 'http:', hostname, method, path, query: {}, headers: all, body })
  ).headers
}

/** One bare HTTP request, signed; headers set to undefined are left out. */
export async function raw(
  local,
  {
    operation,
    target = operation && `TrentService.${operation}`,
    body = '{}',
    method = 'POST',
    path = '/',
    headers = {},
  },
) {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const given = Object.entries({
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': target,
    ...headers,
  }).filter(
    ([name, value]) =>
      value !== undefined && name !== 'authorization' && name !== 'transfer-encoding',
  )
  const made = await signed(local, {
    method,
    path,
    headers: Object.fromEntries(given),
    body: bytes,
  })
  const all = Object.entries({ ...made, ...headers }).filter(([, value]) => value !== undefined)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      local.url,
      { method, path, headers: Object.fromEntries(all), agent: false },
      async (response) => {
        let text = ''
        for await (const chunk of response) text += chunk
        resolve({
          status: response.statusCode,
          headers: response.headers,
          text,
          json: () => JSON.parse(text),
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(bytes)
  })
}

/**
 * What a promise failed with; fails when it did not, and closes a server that should not have
 * started.
 */
export const failure = (promise) =>
  promise.then(
    async (value) => {
      await value?.close?.()
      throw new Error('expected a failure')
    },
    (e) => e,
  )

/** Another process's server; its first line says what it is or why it did not start. */
export async function childServer(dir) {
  const serve = fileURLToPath(new URL('serve.mjs', import.meta.url))
  const running = spawn(process.execPath, [serve, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => running.once('exit', resolve))
  let text = ''
  for await (const chunk of running.stdout) {
    text += chunk
    if (text.includes('\n')) break
  }
  return {
    ...JSON.parse(text),
    kill: () => {
      running.kill('SIGKILL')
      return ended
    },
    ended,
  }
}

/** The unmodified AWS client in another Region of the server. */
export const clientIn = (local, region) =>
  clientOf({ clientConfig: { ...local.clientConfig, region } })

export const noMessage = Symbol('no message member')

/**
 * Rows of operation, input, error name and message: each answers HTTP 400 with exactly these on the
 * wire.
 */
export async function assertFaults(local, rows) {
  assert.ok(rows.length > 0)
  for (const [operation, body, name, message] of rows) {
    const { status, json, text } = await raw(local, { operation, body })
    assert.deepEqual(
      [status, text && json()],
      [400, message === noMessage ? { __type: name } : { __type: name, message }],
      `${operation} ${JSON.stringify(body).slice(0, 300)}`,
    )
  }
}

/**
 * Runs work on a server that keeps its state in a folder, and runs the next one on the same folder:
 * what the first returned comes in.
 */
export async function acrossRestarts(options, ...steps) {
  const base = mkdtempSync(join(tmpdir(), 'sealdrop-kms-'))
  try {
    let carried
    for (const step of steps) {
      const local = await startLocalKms({ dir: join(base, 'state'), ...options })
      try {
        carried = await step(local, carried)
      } finally {
        await local.close()
      }
    }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}
