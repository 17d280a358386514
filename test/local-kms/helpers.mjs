import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as aws from '@aws-sdk/client-kms'
import { SignatureV4 } from '@smithy/signature-v4'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'

/** @import { Client, Failure, FaultRow, RawAnswer, Server } from './types.d.ts' */

/**
 * One row of a table, whose cells keep their types also where `map` makes it.
 *
 * @template {readonly unknown[]} Cells
 * @param {Cells} cells
 */
export const row = (...cells) => cells

/**
 * A value that has to be there.
 *
 * @template T
 * @param {T | null | undefined} value
 * @returns {T}
 */
export function there(value) {
  if (value === undefined || value === null) throw new Error('expected a value')
  return value
}

/** @param {string | Uint8Array} bytes */
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

/** @type {ReadonlyMap<string, unknown>} */
const classes = new Map(Object.entries(aws))

/**
 * The command of the AWS client for an operation by its name.
 *
 * @param {string} operation
 * @param {object} input
 */
export function commandOf(operation, input) {
  const name = `${operation}Command`
  if (!classes.has(name)) throw new Error(`the client has no ${name}`)
  const Command = /** @type {new (input: object) => aws.SignCommand} */ (classes.get(name))
  return new Command(input)
}

/**
 * The unmodified AWS client. `kms('Sign', {...})` sends and gives the answer.
 *
 * @param {Server} local
 * @returns {Client}
 */
export function clientOf(local) {
  const client = new aws.KMSClient(local.clientConfig)
  const send = (operation, input = {}) => client.send(commandOf(operation, input))
  return /** @type {Client} */ (/** @type {unknown} */ (send))
}

/** The members of an answer, without the client's metadata and without those that are named. */
export const said = (answer, ...but) =>
  Object.fromEntries(
    Object.entries(answer).filter(([name]) => name !== '$metadata' && !but.includes(name)),
  )

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
    authorization:
      `AWS4-HMAC-SHA256 Credential=LOCALKMSLOCALKMS/${time.slice(0, 8)}/${region}` +
      '/kms/aws4_request, ' +
      `SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`,
  }
}

/** SHA-256 and HMAC in the form that the signer takes. */
export class Sha256 {
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

/**
 * One HTTP request as it stands, and its answer to the end.
 *
 * @returns {Promise<RawAnswer>}
 */
async function exchange(url, options, body) {
  /** @type {import('node:http').IncomingMessage} */
  const response = await new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent: false }, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
  let text = ''
  for await (const chunk of response) text += chunk
  const { statusCode: status = 0, headers } = response
  return { status, headers, text, json: () => JSON.parse(text) }
}

/** Headers that come about with or after the signature. */
const unsigned = new Set(['authorization', 'transfer-encoding'])
const present = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))

/**
 * One bare HTTP request, signed.
 *
 * @param {Pick<import('sealdrop/local-kms').LocalKms, 'url' | 'clientConfig'>} local
 * @param {{
 *   operation?: string
 *   target?: string
 *   body?: string | object
 *   method?: string
 *   path?: string
 *   headers?: Record<string, unknown>
 * }} request headers that are undefined are left out
 */
export async function raw(local, { operation, method = 'POST', path = '/', ...more }) {
  const { target = operation && `TrentService.${operation}`, body = '{}', headers = {} } = more
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const others = Object.entries(headers).filter(([name]) => !unsigned.has(name))
  const made = await signed(local, {
    method,
    path,
    headers: present({
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      ...Object.fromEntries(others),
    }),
    body: bytes,
  })
  return exchange(local.url, { method, path, headers: present({ ...made, ...headers }) }, bytes)
}

/**
 * What a promise failed with. It fails when the promise did not, and closes a server that should
 * not have started.
 *
 * @param {Promise<unknown>} promise
 * @returns {Promise<Failure>}
 */
export const failure = (promise) =>
  promise.then(
    async (value) => {
      if (value instanceof Object && 'close' in value && value.close instanceof Function)
        await value.close()
      throw new Error('expected a failure')
    },
    (e) => e,
  )

/**
 * How calls at once ended: done, or with the name of an error.
 *
 * @param {readonly Promise<unknown>[]} calls
 */
export const outcomes = async (calls) =>
  (await Promise.allSettled(calls)).map((outcome) =>
    outcome.status === 'rejected' ? outcome.reason.name : 'done',
  )

/**
 * The port that a server of a test listens on.
 *
 * @param {import('node:net').Server} server
 */
export function portOf(server) {
  const address = server.address()
  if (address instanceof Object) return address.port
  throw new Error(`expected a port, found ${address}`)
}

/**
 * What a function threw; fails when it did not.
 *
 * @param {() => unknown} run
 * @returns {Failure}
 */
export function thrown(run) {
  try {
    run()
  } catch (e) {
    return /** @type {Failure} */ (e)
  }
  throw new Error('expected a failure')
}

/**
 * Checks what was thrown, member by member: a pattern has to match, anything else to be equal.
 *
 * @param {Failure} e
 * @param {object} members
 */
export function assertMembers(e, members) {
  for (const [name, expected] of Object.entries(members)) {
    if (expected instanceof RegExp) assert.match(e[name], expected)
    else assert.deepEqual(e[name], expected, e.stack)
  }
}

/** @param {() => unknown} run */
export const assertThrows = (run, members) => assertMembers(thrown(run), members)

/** @param {Promise<unknown>} promise */
export const assertRejects = async (promise, members) =>
  assertMembers(await failure(promise), members)

/**
 * Checks that a function throws exactly this fault of the service.
 *
 * @param {() => unknown} run
 * @param {string} name
 * @param {string | undefined} text
 */
export function assertFault(run, name, text) {
  const e = thrown(run)
  assert.deepEqual([e.name, e.text], [name, text])
}

/**
 * A value that the types forbid, for tests that hand in what a caller should not.
 *
 * @returns {never}
 */
export const wrong = (value) => /** @type {never} */ (value)

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

/**
 * The unmodified AWS client in another Region of the server.
 *
 * @param {Server} local
 * @param {string} region
 */
export const clientIn = (local, region) =>
  clientOf({ clientConfig: { ...local.clientConfig, region } })

export const noMessage = Symbol('no message member')

/**
 * Each row answers HTTP 400 with exactly its name and message on the wire.
 *
 * @param {readonly FaultRow[]} rows
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

/** Pages of a list, one after another: `between` runs before each next one. */
export async function pages(kms, operation, input, between = async (_page) => {}) {
  const found = []
  let Marker
  do {
    const page = await kms(operation, { ...input, Marker })
    assert.strictEqual(page.Truncated, page.NextMarker !== undefined)
    found.push(page)
    Marker = page.NextMarker
    if (Marker) await between(page)
  } while (Marker)
  return found
}

/**
 * Wraps key material as AWS documents it: RSAES-OAEP of the material, or of an AES key that wraps
 * the material (RFC 5649).
 *
 * @param {Uint8Array} material
 * @param {Uint8Array} publicKey SubjectPublicKeyInfo
 */
export function wrapped(material, publicKey, algorithm = 'RSAES_OAEP_SHA_256') {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const oaepHash = algorithm.endsWith('256') ? 'sha256' : 'sha1'
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const oaep = (bytes) => publicEncrypt({ key, padding, oaepHash }, bytes)
  if (algorithm.startsWith('RSAES')) return oaep(material)
  const aes = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([oaep(aes), cipher.update(material), cipher.final()])
}
