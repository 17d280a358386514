import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { ensure } from '../errors/guard.js'
import { tell } from '../io/tell.js'
import { nameOf } from '../kms/port/aws-errors.js'
import {
  uploadStatuses,
  uploadType,
  type UploadAnswers,
  type UploadOp,
  type UploadRefusal,
  type UploadRequest,
} from '../upload/protocol.js'
import { admitted, type Admitted } from './grants.js'
import { parseRequest } from './parse-request.js'
import type { Settings, UploadEvent } from './upload-options.js'
import { abort } from './verbs/abort.js'
import { begin } from './verbs/begin.js'
import { complete } from './verbs/complete.js'
import { list } from './verbs/list.js'
import { receipt } from './verbs/receipt.js'
import { sign } from './verbs/sign.js'

type Later = Exclude<UploadOp, 'begin'>
type Verbs = {
  readonly [Op in Later]: (
    o: Settings,
    admitted: Admitted,
    request: Extract<UploadRequest, { readonly op: Op }>,
  ) => Promise<UploadAnswers[Op]>
}
const verbs: Verbs = { sign, list, complete, abort, receipt }

/** What is known of a request for its event, as far as it came. */
type Known = { op?: UploadOp; key?: string }

async function answerOf(o: Settings, request: Request, known: Known): Promise<object> {
  const asked = await parseRequest(request)
  known.op = asked.op
  if (asked.op === 'begin') return begin(o, request, asked)
  const found = await admitted(o, { request, op: asked.op }, asked.session)
  known.key = found.session.key
  return verbs[asked.op](o, found, asked as never)
}

const methods = 'POST, OPTIONS'

/** What browsers need to let a page of a listed origin ask, and read the answer. */
const corsHeaders = (origin: string | null): Record<string, string> => ({
  vary: 'Origin',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  ...(origin !== null && {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'retry-after',
  }),
})

const preflight = (headers: Record<string, string>): Response =>
  new Response(null, {
    status: 204,
    headers: {
      ...headers,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type, authorization',
      'access-control-max-age': '7200',
    },
  })

/** What is told of a failure: the words of what is the sender's, and the code alone otherwise. */
function refusalOf(error: unknown): { readonly status: number } & UploadRefusal['error'] {
  const { code, message, retryable } = isSealdropError(error)
    ? error
    : { code: 'output_failed' as const, message: '', retryable: false }
  const [row = 500] = uploadStatuses.find(([, known]) => known === code) ?? []
  if (row < 500) return { status: row, code, message, retryable }
  const status = retryable ? 503 : 500
  return { status, code, message: 'the server cannot take uploads now', retryable }
}

/** Why it failed, for the operator: our own sentence, or the name of what somebody else threw. */
function reasonOf(error: unknown): string | undefined {
  const beneath = isSealdropError(error) ? error.cause : error
  return isSealdropError(beneath) ? beneath.message : nameOf(beneath)
}

const json = (status: number, body: object, headers: Record<string, string>): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, 'content-type': uploadType },
  })

/** A refusal without a body of its own kind: method, content type. */
function checkForm({ method, headers }: Request): number | undefined {
  if (method !== 'POST') return 405
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  return type === uploadType ? undefined : 415
}

/** Answers one request. It never throws. */
export async function answerUpload(o: Settings, request: Request): Promise<Response> {
  const origin = request.headers.get('origin')
  const isForeign = origin !== null && !o.origins.includes(origin)
  const headers = corsHeaders(isForeign ? null : origin)
  const known: Known = {}
  const say = (event: Omit<UploadEvent, keyof Known>): void =>
    tell((told: UploadEvent) => o.onEvent?.(told), { ...known, ...event })
  try {
    ensure(!isForeign, 'rejected', 'origin: it is not on the list of those that may ask')
    if (request.method === 'OPTIONS') return preflight(headers)
    const status = checkForm(request)
    if (status) {
      const error = new SealdropError('invalid_argument', `expected POST of ${uploadType}`)
      return refuse(error, { ...headers, ...(status === 405 && { allow: methods }) }, say, status)
    }
    const answer = await answerOf(o, request, known)
    say({ status: 200 })
    return json(200, answer, headers)
  } catch (error) {
    return refuse(error, headers, say)
  }
}

function refuse(
  error: unknown,
  headers: Record<string, string>,
  say: (event: Omit<UploadEvent, keyof Known>) => void,
  instead?: number,
): Response {
  const { status: found, ...told } = refusalOf(error)
  const status = instead ?? found
  const reason = reasonOf(error)
  say({ status, code: told.code, ...(reason !== undefined && { reason }) })
  const later = told.retryable && { 'retry-after': '2' }
  return json(status, { error: told } satisfies UploadRefusal, { ...headers, ...later })
}
