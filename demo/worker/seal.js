/**
 * A Cloudflare Worker that seals personal data at the edge.
 *
 * It takes an order as JSON, seals the fields listed below to the company's KMS key, and hands the
 * order on. A queue, a partner or a log behind it sees who ordered what in which quantity, and no
 * name, account or note. Only the company's companion, which may call its KMS, opens those fields:
 *
 * ```js
 * import { createOpener } from 'sealdrop/kms'
 * const opener = createOpener({ keys: ['alias/values'] })
 * const order = await opener.openFields(sealed, {
 *   context: { form: 'order' },
 *   fields: ['person.name', 'person.iban', 'items.*.note'],
 * })
 * ```
 *
 * Settings (wrangler.toml):
 *
 * - KEY_SET_URL: where the company publishes its keys, https
 * - PINS: their thumbprints as JSON, of the current and the next key. They are handed over by
 *   another way than that URL
 * - BACKEND_URL: where sealed orders go. Without it they come back to the sender, which is good for
 *   a first try
 *
 * Two rules of Workers shape this file:
 *
 * - Nothing happens at module level, where no request is under way: fetch, timers and randomness
 *   throw there.
 * - A request must not await a promise that another request made, since that would hang.
 *
 * So the key set is made without doing anything, and the request that needs it loads it. It keeps
 * only settled keys, so it may stay.
 */
import { fetchKeySet, isSealdropError, pinned, sealFields } from 'sealdrop'

const fields = ['person.name', 'person.iban', 'items.*.note']
const maxBody = 65_536

let keySet

/** The sender's mistakes. Everything else is a mistake of ours or of the publisher. */
const statuses = { invalid_argument: 422, too_large: 413 }

export default {
  async fetch(request, env) {
    if (request.method !== 'POST')
      return new Response('POST an order as JSON\n', { status: 405, headers: { allow: 'POST' } })
    try {
      const order = await readOrder(request)
      // a field that is not there throws: an order never goes on with something unsealed that
      // should have been sealed
      const sealed = await sealFields(keysOf(env), order, { context: { form: 'order' }, fields })
      return env.BACKEND_URL ? await handOn(sealed, env.BACKEND_URL) : Response.json(sealed)
    } catch (error) {
      return refuse(error)
    }
  },
}

/** Made once, in the first request. The top of this file says why it may stay. */
function keysOf({ KEY_SET_URL: url, PINS: pins }) {
  try {
    return (keySet ??= fetchKeySet(url, { trust: pinned(JSON.parse(pins)) }))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    throw refusal(
      'misconfigured',
      'KEY_SET_URL or PINS is not set as it should be; the log of this Worker says how',
    )
  }
}

async function readOrder(request) {
  const text = await request.text()
  if (text.length > maxBody)
    throw refusal('too_large', `an order has at most ${maxBody} characters`)
  try {
    return JSON.parse(text)
  } catch {
    // the message of the parser itself would quote the body
    throw refusal('invalid_argument', 'the body is not JSON')
  }
}

async function handOn(sealed, url) {
  const { ok } = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sealed),
  })
  return Response.json({ taken: ok }, { status: ok ? 202 : 502 })
}

function refuse(error) {
  const { code, message } =
    isSealdropError(error) || error?.code
      ? error
      : { code: 'internal', message: 'something went wrong here' }
  return Response.json({ code, message }, { status: statuses[code] ?? 502 })
}

function refusal(code, message) {
  return Object.assign(new Error(message), { code })
}
