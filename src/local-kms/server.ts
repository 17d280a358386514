import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { InjectedFaults } from './injected/injected-faults.js'
import { makeKey } from './operations/make-key.js'
import {
  aliasOf,
  checkOptions,
  type LocalKms,
  type LocalKmsKey,
  type LocalKmsOptions,
} from './options.js'
import type { Credential } from './policy/credentials.js'
import { openStore } from './state/folder.js'
import { Keyring } from './state/keyring.js'
import { Kms } from './state/kms.js'
import { handle, type Service } from './wire/protocol.js'

/**
 * Starts a KMS server for development and tests in this process. It speaks AWS JSON 1.1 over HTTP,
 * so that the unmodified `@aws-sdk/client-kms` and every other AWS SDK talk to it; keys,
 * ciphertexts and signatures are real. It listens on 127.0.0.1 only, and refuses whatever a web
 * page could send.
 *
 * @param options.port - default 0: any free port
 * @param options.dir - keeps keys and aliases there, unencrypted, for one server at a time;
 *   default: memory only
 * @param options.region - default us-east-1; the account is 111122223333
 * @param options.regions - more Regions on the same port
 * @param options.credentials - who may call, and with which IAM policies; default: one access key
 *   with full access
 * @param options.seed - deterministic keys, for tests
 * @param options.now - a clock of the caller's
 * @param options.keys - keys to have behind an alias; those whose alias is there already stay as
 *   they are
 * @param options.faults - faults to inject from the start; `faults` of the answer adds and removes
 *   more
 * @param options.onCall - gets an entry for each call, shaped like CloudTrail's
 * @returns its URL, the keys' ARNs, configuration for clients, and `close()`
 * @throws SealdropError `invalid_argument` (also with NODE_ENV=production), `conflict` (the port or
 *   `dir` is in use, an alias has another kind of key), `malformed` (a damaged file in `dir`, which
 *   the message names)
 */
export async function startLocalKms(options: LocalKmsOptions = {}): Promise<LocalKms> {
  ensure(
    process.env['NODE_ENV'] !== 'production',
    'invalid_argument',
    'The local KMS keeps private keys unprotected and does not run with NODE_ENV=production; use AWS KMS',
  )
  const {
    port,
    dir,
    region,
    regions,
    credentials,
    seed,
    now,
    faults: rules,
    onCall,
    keys,
  } = checkOptions(options)
  const faults = new InjectedFaults(rules, regions)
  const store = dir === undefined ? undefined : await openStore(dir, regions)
  try {
    const names = new Set([...regions, ...(store?.folders.keys() ?? [])])
    const kms = new Kms({
      rings: [...names].map((name) => new Keyring(name, store?.folders.get(name))),
      served: regions,
      now,
      seed,
    })
    await kms.tick()
    const ring = kms.rings.get(region)!
    const arns: [alias: string, arn: string][] = []
    for (const key of keys)
      arns.push([key.alias, await provide(kms, ring, credentials.account, key)])
    const closing = new AbortController()
    const { url, stop } = await listen(
      { kms, credentials: credentials.list, faults, onCall, closing: closing.signal },
      port,
    )
    let closed: Promise<void> | undefined
    const close = async (): Promise<void> => {
      closing.abort()
      await stop()
      await kms.settled()
      await store?.release()
    }
    const [{ accessKeyId, secretAccessKey, sessionToken }] = credentials.list as [Credential]
    return {
      url,
      keys: Object.fromEntries(arns),
      env: {
        AWS_ENDPOINT_URL_KMS: url,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
      },
      clientConfig: {
        endpoint: url,
        region,
        credentials: {
          accessKeyId,
          secretAccessKey,
          ...(sessionToken !== undefined && { sessionToken }),
        },
      },
      faults,
      close: () => (closed ??= close()),
    }
  } catch (e) {
    await store?.release()
    throw e
  }
}

/** The ARN of the key behind an alias, which is made if the alias is not there. */
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
 * How long close waits for an answer to be taken, in milliseconds. An operation that runs is waited
 * for.
 */
const patience = 10_000

async function listen(
  service: Service,
  port: number,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const idle = new Set<Socket>()
  const running = new Set<IncomingMessage>()
  const sockets = new Set<Socket>()
  let stopping = false
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    request.once('end', () => idle.delete(socket)) // from here on there is an operation to finish
    response.once('close', () => (stopping ? socket.destroy() : idle.add(socket)))
    running.add(request)
    void handle(service, request, response).finally(() => running.delete(request))
  }
  // longer than a client pauses: one that sends just as it is let go sees a reset
  const server = createServer({ requestTimeout: 30_000, keepAliveTimeout: 60_000 }, serve)
  server.on('connection', (socket: Socket) => {
    idle.add(socket)
    sockets.add(socket)
    socket.once('close', () => [idle, sockets].forEach((set) => set.delete(socket)))
  })
  server.on('checkExpectation', serve)
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nx-amzn-RequestId: ${randomUUID()}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      )
    else socket.destroy()
  })
  await bind(server, port)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        stopping = true
        const lettingGo = setInterval(() => {
          // clients that do not read what they asked for
          const busy = new Set([...running].map(({ socket }) => socket))
          for (const socket of sockets) if (!busy.has(socket)) socket.destroy()
        }, patience)
        server.close(() => {
          clearInterval(lettingGo)
          resolve()
        })
        for (const socket of idle) socket.destroy()
      }),
  }
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
