import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fromUtf8 } from '../bytes/text.js'
import { printable } from '../errors/printable.js'
import { parseJsonObject, type JsonObject } from '../formats/json.js'
import { faultOperationOf } from './injected/fault-operations.js'
import type { InjectedFaults, Strike } from './injected/injected-faults.js'
import { keyNames } from './injected/key-names.js'
import type { Quotas } from './injected/quotas.js'
import { strikeAnswer, strikeBefore, strikeBody } from './injected/strike.js'
import { Call } from './operations/call.js'
import { provideManagedKey } from './operations/managed-keys.js'
import type { Operation } from './operations/operation.js'
import { operationOf } from './operations/operations.js'
import type { Credential } from './policy/credentials.js'
import { catchUp } from './state/due.js'
import type { Kms } from './state/kms.js'
import { trailRecord, type TrailRecord } from './trail/trail-record.js'
import { KmsFault } from './wire/fault.js'
import { checkRequest, mediaType } from './wire/gate.js'
import { verifySignature, type SignedRequest } from './wire/sigv4.js'

const bodyLimit = 1_048_576

/** What a server needs to answer a request. */
export interface Service {
  readonly kms: Kms
  readonly credentials: readonly Credential[]
  readonly faults: InjectedFaults
  readonly quotas: Quotas
  readonly onCall?: ((entry: TrailRecord) => void) | undefined
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
}

/** What becomes known of a call while it is answered. */
interface Progress {
  readonly requestId: string
  readonly operation: string | undefined
  caller?: Credential
  region?: string
  call?: Call
  strike?: Strike | undefined
  answer?: JsonObject | undefined
  fault?: KmsFault
}

/**
 * Answers one request in AWS JSON 1.1.
 *
 * Whatever happens inside, it ends with an answer and never with a crash.
 */
export async function handle(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = String(request.headers['x-amz-target'] ?? '')
  const progress: Progress = { requestId: randomUUID(), operation: target.split('.')[1] }
  response.setHeader('x-amzn-RequestId', progress.requestId)
  try {
    checkRequest(request)
    const { run, meetsFaults } = workOf(service, target)
    const call = callOf(service, request, await readBody(request), progress)
    progress.call = call
    if (meetsFaults) {
      service.quotas.count(call)
      progress.strike = strikeOf(service, call)
    }
    if (!(await strikeBefore(progress.strike, { response, signal: service.closing }))) {
      progress.fault = new KmsFault(
        'KMSInternalException',
        `The operation was not done: ${progress.strike?.rule.kind}`,
      )
      return
    }
    await catchUp(service.kms)
    if (meetsFaults) await provideManagedKey(call)
    progress.answer = await run(call)
    const answer = strikeAnswer(progress.strike, call.operation, progress.answer)
    send(response, progress, 200, answer === undefined ? '' : JSON.stringify(answer))
  } catch (e) {
    progress.fault = faultOf(e)
    send(response, progress, progress.fault.status, progress.fault.body)
  } finally {
    tell(service, request, progress)
  }
}

/**
 * The operation that a target asks for. Operations on the faults never meet a fault themselves.
 *
 * @throws KmsFault UnsupportedOperationException, UnknownOperationException
 */
function workOf(
  { faults }: Service,
  target: string,
): { readonly run: Operation; readonly meetsFaults: boolean } {
  const onFaults = faultOperationOf(target)
  if (!onFaults) return { run: operationOf(target), meetsFaults: true }
  return { run: async ({ body }) => onFaults(faults, body), meetsFaults: false }
}

/** The fault that a call meets. Asking counts the call. */
function strikeOf({ faults }: Service, call: Call): Strike | undefined {
  const { operation, ring } = call
  return faults.match({ operation, region: ring.region, keyIds: keyNames(call) })
}

/** The fault that is answered, which tells nothing of a mistake of this server. */
function faultOf(error: unknown): KmsFault {
  if (error instanceof KmsFault) return error
  return new KmsFault(
    'KMSInternalException',
    'The request was rejected because an internal exception occurred. The request can be retried.',
  )
}

/**
 * The clock of the machine, by which signatures are checked.
 *
 * The Date of an answer is that of the machine too, and clients correct their clocks by it. It is
 * kept here, since a test may put another clock in the place of Date.
 */
const machineClock = Date.now

/** Makes a call of a request. Its signature is verified before its body is read as JSON. */
function callOf(
  { kms, credentials }: Service,
  request: IncomingMessage,
  bytes: Buffer,
  progress: Progress,
): Call {
  const { operation = '', requestId } = progress
  const signed: SignedRequest = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headersDistinct,
    body: bytes,
    now: machineClock(),
  }
  const { credential, region } = verifySignature(signed, {
    lookup: (id) => credentials.find(({ accessKeyId }) => accessKeyId === id),
    regions: kms.served,
  })
  progress.caller = credential
  progress.region = region
  const origin = {
    sourceIp: request.socket.remoteAddress,
    userAgent: request.headers['user-agent'],
  }
  return new Call({
    kms,
    ring: kms.ringOf(region),
    caller: credential,
    origin,
    operation,
    body: parseBody(bytes),
    requestId,
  })
}

/**
 * Sends an answer.
 *
 * Node adds the Date of the machine. By a wrong one the client would correct its clock, and retry.
 */
function send(response: ServerResponse, { strike }: Progress, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': mediaType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache, no-store, must-revalidate',
  })
  strikeBody(strike, response, body)
}

/** Writes an entry of the trail. What its reader throws does not stop the server. */
function tell(
  { kms, onCall }: Service,
  request: IncomingMessage,
  { caller, region, call, operation, requestId, answer, fault }: Progress,
): void {
  if (!onCall) return
  const warn = (e: unknown): void =>
    process.emitWarning(printable(`onCall of the local KMS failed: ${String(e)}`))
  const entry = (): TrailRecord =>
    trailRecord({
      operation,
      requestId,
      answer,
      fault,
      region: region ?? kms.served[0] ?? '',
      time: kms.now(),
      caller: caller && { ...caller.principal, accessKeyId: caller.accessKeyId },
      sourceIPAddress: request.socket.remoteAddress ?? '',
      userAgent: request.headers['user-agent'],
      eventId: call?.eventId ?? randomUUID(),
      body: call?.body,
      resources: [...(call?.resources ?? [])],
    })
  try {
    Promise.resolve(onCall(entry())).catch(warn)
  } catch (e) {
    warn(e)
  }
}

/**
 * Reads a body to its end, and keeps nothing of one that is too long.
 *
 * A client that still writes would not see the answer.
 */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= bodyLimit) chunks.push(chunk)
  }
  if (length > bodyLimit)
    throw new KmsFault('RequestEntityTooLargeException', `A request is at most ${bodyLimit} bytes.`)
  return Buffer.concat(chunks)
}

function parseBody(bytes: Buffer): JsonObject {
  try {
    return parseJsonObject(fromUtf8(bytes) ?? '', {
      code: 'malformed',
      field: 'request',
      surrogates: true,
    })
  } catch {
    throw new KmsFault('SerializationException')
  }
}
