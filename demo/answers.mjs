// What the companion answers when something went wrong, and what its log says of a request.
import { isSealdropError } from 'sealdrop'
import { refusal } from './refusal.mjs'

/**
 * Statuses by code. Any other code is a trouble of the companion itself, and its details stay in
 * its log.
 */
const statuses = {
  malformed: 400,
  invalid_argument: 400,
  unsupported_algorithm: 400,
  forbidden: 403,
  unsupported_type: 415,
  too_large: 413,
  key_not_found: 422,
  context_mismatch: 422,
  rejected: 422,
  expired: 422,
  replayed: 409,
  not_found: 404,
  conflict: 409,
  incomplete: 409,
  busy: 503,
  no_space: 507,
  storage_failed: 500,
  kms_throttled: 503,
  kms_unavailable: 503,
}
/** These are not the fault of the sender, but their messages may be told outside too. */
const told = ['busy', 'no_space', 'storage_failed']

/**
 * An error whose message is for the sender.
 *
 * @typedef {Error & { code: string }} Refusal
 */

/** @type {(error: unknown) => error is Refusal} */
function isForSenders(error) {
  const { code } = Object(error)
  return Object.hasOwn(statuses, code) && (statuses[code] < 500 || told.includes(code))
}

/**
 * Answers with an error.
 *
 * @param {import('hono').Context} c
 * @param {Pick<Refusal, 'code' | 'message'>} error
 * @param {object} [more]
 */
export function refuse(c, { code, message }, more = {}) {
  c.set('note', code)
  // the rest of the body stays unread, so that nothing else can come this way
  if (!c.req.raw.bodyUsed && c.req.raw.body) c.header('connection', 'close')
  return c.json({ code, message, ...more }, statuses[code] ?? 500)
}

/**
 * What the log says of an error. Of our own it says the message, and of others only the name.
 *
 * @param {unknown} error
 */
function nameOf(error) {
  if (isSealdropError(error)) return error.message
  return error instanceof Error ? error.name : typeof error
}

const couldNot =
  'The companion could not do its part. Nothing is wrong with what you sent; try again later.'

/**
 * Makes the function that does the work of a request.
 *
 * What the work throws becomes an answer, with the number of KMS calls until then. The answer has
 * the words of the error where `tells` allows it.
 *
 * @param {(line: string) => void} log
 */
export function createAnswer(log) {
  /**
   * @param {import('hono').Context} c
   * @param {(counter: { kmsCalls: number }) => Promise<object>} work
   * @param {(error: unknown) => error is Refusal} [tells]
   */
  return async function answer(c, work, tells = isForSenders) {
    const counter = { kmsCalls: 0 }
    try {
      const found = await work(counter)
      const { stage } = /** @type {{ stage?: string }} */ (found)
      if (counter.kmsCalls > 0) c.set('note', `${stage}, ${counter.kmsCalls} KMS calls`)
      return c.json(found)
    } catch (error) {
      if (isForSenders(error) || tells(error)) return refuse(c, error, counter)
      log(`the companion failed: ${nameOf(error)}`)
      return refuse(c, refusal(isSealdropError(error) ? error.code : 'internal', couldNot), counter)
    }
  }
}

/** One line a request. What was sent is never logged. */
export const requestLog = (log) => async (c, next) => {
  const started = performance.now()
  await next()
  if (c.get('quiet')) return
  const { method, path } = c.req
  // the path comes from outside, and anything but printable ASCII could forge lines
  const printable = path.replace(/[^!-~]/g, '?').slice(0, 80)
  const took = Math.round(performance.now() - started)
  const note = c.get('note')
  log(`${method} ${printable} ${c.res.status} ${took} ms${note ? ` (${String(note)})` : ''}`)
}
