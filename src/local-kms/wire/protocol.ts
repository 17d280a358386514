import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fromUtf8 } from '../../bytes/text.js'
import { parseJsonObject, type JsonObject } from '../../formats/json.js'
import { KmsFault } from './fault.js'
import { checkAuthorization, checkRequest, mediaType } from './gate.js'
import { Call, type Caller, type Decide } from '../operations/call.js'
import { operationOf } from '../operations/operations.js'
import type { Kms } from '../state/kms.js'

const bodyLimit = 1_048_576

/** What a server answers with. */
export interface Service {
  readonly kms: Kms
  readonly caller: Caller
  readonly decide: Decide
}

/** Answers one request in AWS JSON 1.1. Whatever happens inside, it ends as an answer and never as a crash. */
export async function handle(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { kms, caller, decide } = service
  try {
    checkRequest(request)
    const region = checkAuthorization(request, [...kms.rings.keys()])
    const { name, run } = operationOf(request.headers['x-amz-target'] as string | undefined)
    const body = parseBody(await readBody(request))
    await kms.tick()
    const answer = await run(new Call({ kms, ring: kms.rings.get(region)!, caller, operation: name, body, decide }))
    send(response, 200, answer === undefined ? '' : JSON.stringify(answer))
  } catch (e) {
    const fault = e instanceof KmsFault ? e : new KmsFault('KMSInternalException', 'The request was rejected because an internal exception occurred. The request can be retried.')
    send(response, fault.status, fault.body)
  }
}

/** Every answer has a request id. Node adds a true Date, without which the client would correct its clock and retry. */
function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'x-amzn-RequestId': randomUUID(), 'content-type': mediaType, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-cache, no-store, must-revalidate' })
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
