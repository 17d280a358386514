import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fromUtf8 } from '../../bytes/text.js'
import { parseJsonObject, type JsonObject } from '../../formats/json.js'
import { KmsFault } from './fault.js'
import { checkRequest, mediaType } from './gate.js'
import { Call } from '../operations/call.js'
import { operationOf } from '../operations/operations.js'
import type { Credential } from '../policy/credentials.js'
import type { Kms } from '../state/kms.js'
import { verifySignature } from './sigv4.js'

const bodyLimit = 1_048_576

/** What a server answers with. */
export interface Service {
  readonly kms: Kms
  readonly credentials: readonly Credential[]
}

/** Answers one request in AWS JSON 1.1. Whatever happens inside, it ends as an answer and never as a crash. */
export async function handle(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomUUID()
  response.setHeader('x-amzn-RequestId', requestId)
  try {
    checkRequest(request)
    const { name, run } = operationOf(request.headers['x-amz-target'] as string | undefined)
    const bytes = await readBody(request)
    const call = callOf(service, request, bytes, name, requestId)
    await service.kms.tick()
    const answer = await run(call)
    send(response, 200, answer === undefined ? '' : JSON.stringify(answer))
  } catch (e) {
    const fault = e instanceof KmsFault ? e : new KmsFault('KMSInternalException', 'The request was rejected because an internal exception occurred. The request can be retried.')
    send(response, fault.status, fault.body)
  }
}

/** Who calls is known before the body is read as JSON. Signatures go by the machine's clock, as their makers do. */
function callOf({ kms, credentials }: Service, request: IncomingMessage, bytes: Buffer, operation: string, requestId: string): Call {
  const { credential, region } = verifySignature(
    { method: request.method ?? '', path: request.url ?? '', headers: request.headersDistinct, body: bytes, now: Date.now() },
    { lookup: (id) => credentials.find(({ accessKeyId }) => accessKeyId === id), regions: [...kms.rings.keys()] },
  )
  const origin = { sourceIp: request.socket.remoteAddress, userAgent: request.headers['user-agent'] }
  return new Call({ kms, ring: kms.rings.get(region)!, caller: credential, origin, operation, body: parseBody(bytes), requestId })
}

/** Every answer has a request id. Node adds a true Date, without which the client would correct its clock and retry. */
function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': mediaType, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-cache, no-store, must-revalidate' })
  response.end(body)
}

/** Reads to the end also what is too long, keeping none of it: a client that still writes would not see the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= bodyLimit) chunks.push(chunk)
  }
  if (length > bodyLimit) throw new KmsFault('RequestEntityTooLargeException', `A request is at most ${bodyLimit} bytes.`)
  return Buffer.concat(chunks)
}

function parseBody(bytes: Buffer): JsonObject {
  try {
    return parseJsonObject(fromUtf8(bytes) ?? '', { code: 'malformed', field: 'request' })
  } catch {
    throw new KmsFault('SerializationException')
  }
}
