import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { InjectedFaults } from './injected/injected-faults.js'
import { Quotas } from './injected/quotas.js'
import { makeKey } from './operations/make-key.js'
import {
  aliasOf,
  checkServerOptions,
  type CheckedOptions,
  type LocalKms,
  type LocalKmsKey,
  type LocalKmsOptions,
} from './server-options.js'
import type { Credential } from './policy/credentials.js'
import { catchUp } from './state/due.js'
import { openStore, type Store } from './state/folder.js'
import { Keyring } from './state/keyring.js'
import { Kms } from './state/kms.js'
import { handle, type Service } from './handle.js'

/**
 * Starts a KMS server in this process, for development and tests.
 *
 * - It speaks AWS JSON 1.1 over HTTP, so that `@aws-sdk/client-kms` and every other AWS SDK talk to
 *   it as they are.
 * - Keys, ciphertexts and signatures are real.
 * - It listens on 127.0.0.1 only, and refuses whatever a web page could send.
 * - The account is 111122223333, or that of `credentials`.
 * - It does not start with NODE_ENV=production, since private keys are not protected.
 *
 * @param options - see {@link LocalKmsOptions}
 * @returns its URL, the ARNs of keys, configuration for clients, and `close()`
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: an option is wrong, or NODE_ENV is production
 *   - `conflict`: the port or `dir` is in use, or an alias has another kind of key
 *   - `malformed`: a file in `dir`, or the text of `credentials`, is damaged; the message says
 *     which
 * @example
 *   ```js
 *   import { createSigner } from 'sealdrop/kms'
 *   import { startLocalKms } from 'sealdrop/local-kms'
 *   const keys = [{ alias: 'receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }]
 *   const local = await startLocalKms({ keys })
 *   console.log(local.keys.receipts) // arn:aws:kms:us-east-1:111122223333:key/…
 *   const signer = createSigner({ kms: local.clientConfig, key: 'alias/receipts' })
 *   const jws = await signer.sign('order 7 is paid')
 *   console.log(jws.split('.').length) // 3
 *   await local.close()
 *   ```
 */
export async function startLocalKms(options: LocalKmsOptions = {}): Promise<LocalKms> {
  ensure(
    process.env['NODE_ENV'] !== 'production',
    'invalid_argument',
    'The local KMS keeps private keys unprotected and does not run with NODE_ENV=production; use AWS KMS',
  )
  const checked = checkServerOptions(options)
  const { dir, regions } = checked
  const faults = new InjectedFaults(checked.faults, regions)
  const store = dir === undefined ? undefined : await openStore(dir, regions)
  try {
    return await serve(checked, faults, store)
  } catch (e) {
    await store?.release()
    throw e
  }
}

async function serve(
  checked: CheckedOptions,
  faults: InjectedFaults,
  store: Store | undefined,
): Promise<LocalKms> {
  const { port, region, credentials, onCall, keys, quota } = checked
  const kms = kmsOf(checked, store)
  await catchUp(kms)
  const arns: [alias: string, arn: string][] = []
  for (const key of keys) {
    const arn = await provide(kms, kms.ringOf(region), credentials.account, key)
    arns.push([key.alias, arn])
  }
  const closing = new AbortController()
  const service = {
    kms,
    credentials: credentials.list,
    faults,
    quotas: new Quotas(quota, Date.now),
    onCall,
    closing: closing.signal,
  }
  const { url, stop } = await listen(service, port)
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    closing.abort()
    await stop()
    await kms.settled()
    await store?.release()
  }
  const [first] = credentials.list as [Credential]
  return {
    url,
    keys: Object.fromEntries(arns),
    ...clientOf(url, region, first),
    faults,
    close: () => (closed ??= close()),
  }
}

/** Holds the Regions of the options, and those that the folder has besides. */
function kmsOf({ regions, now, seed }: CheckedOptions, store: Store | undefined): Kms {
  const names = new Set([...regions, ...(store?.folders.keys() ?? [])])
  const rings = [...names].map((name) => new Keyring(name, store?.folders.get(name)))
  return new Kms({ rings, served: regions, now, seed })
}

/** What clients, and other processes in their environment, need to call with an access key. */
function clientOf(
  url: string,
  region: string,
  { accessKeyId, secretAccessKey, sessionToken }: Credential,
): Pick<LocalKms, 'env' | 'clientConfig'> {
  const env = {
    AWS_ENDPOINT_URL_KMS: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
  }
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  }
  return { env, clientConfig: { endpoint: url, region, credentials } }
}

/** The ARN of the key behind an alias. Both are made if the alias is not there. */
async function provide(
  kms: Kms,
  ring: Keyring,
  account: string,
  { alias, spec, usage }: LocalKmsKey,
): Promise<string> {
  const name = aliasOf(alias)
  const found = ring.keys.get(ring.alias(account, name)?.keyId ?? '')
  if (found) {
    ensure(
      found.spec === spec && found.usage === usage,
      'conflict',
      `${name} has a key for ${found.spec} ${found.usage}, not ${spec} ${usage}: take another alias or another dir`,
    )
    return ring.keyArn(found)
  }
  const key = await makeKey(kms, ring, { account, spec, usage, label: name })
  await kms.change(() =>
    ring.saveAlias({ account, name, keyId: key.id, created: kms.now(), updated: kms.now() }),
  )
  return ring.keyArn(key)
}

/**
 * How long `close` waits for a client to take its answer, in milliseconds.
 *
 * It waits without limit for an operation that runs.
 */
const patience = 10_000

/** Connections of a server, and requests whose operation still runs. */
interface Traffic {
  readonly sockets: Set<Socket>
  /** Connections on which nobody waits for an answer. */
  readonly idle: Set<Socket>
  readonly running: Set<IncomingMessage>
  stopping: boolean
}

async function listen(
  service: Service,
  port: number,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const traffic: Traffic = {
    sockets: new Set(),
    idle: new Set(),
    running: new Set(),
    stopping: false,
  }
  const serveOne = (request: IncomingMessage, response: ServerResponse): void =>
    answer(service, traffic, request, response)
  // longer than a client pauses, since one that sends just as its connection ends sees a reset
  const server = createServer({ requestTimeout: 30_000, keepAliveTimeout: 60_000 }, serveOne)
  server.on('connection', (socket: Socket) => {
    traffic.idle.add(socket)
    traffic.sockets.add(socket)
    socket.once('close', () => {
      traffic.idle.delete(socket)
      traffic.sockets.delete(socket)
    })
  })
  server.on('checkExpectation', serveOne)
  server.on('clientError', (_error, socket) => refuse(socket))
  await bind(server, port)
  const { port: bound } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${bound}`, stop: () => stopServing(server, traffic) }
}

function answer(
  service: Service,
  traffic: Traffic,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { socket } = request
  const { idle, running } = traffic
  request.once('end', () => idle.delete(socket)) // from here on there is an operation to finish
  response.once('close', () => {
    if (traffic.stopping) socket.destroy()
    else idle.add(socket)
  })
  running.add(request)
  void handle(service, request, response).finally(() => running.delete(request))
}

/** Answers what is not HTTP, where that is still possible. */
function refuse(socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nx-amzn-RequestId: ${randomUUID()}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
}

function stopServing(server: Server, traffic: Traffic): Promise<void> {
  const { sockets, idle, running } = traffic
  return new Promise((resolve) => {
    traffic.stopping = true
    const lettingGo = setInterval(() => {
      // what is left are clients that do not read what they asked for
      const busy = new Set([...running].map(({ socket }) => socket))
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy()
    }, patience)
    server.close(() => {
      clearInterval(lettingGo)
      resolve()
    })
    for (const socket of idle) socket.destroy()
  })
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', (cause) =>
      reject(
        new SealdropError(
          'conflict',
          `The local KMS cannot listen on port ${port} of 127.0.0.1: ${(cause as NodeJS.ErrnoException).code}; choose another, or 0 for any free one`,
          { cause },
        ),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
}
