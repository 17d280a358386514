import { clockOf, ensure, hasMethods, milliseconds } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { blamingNow } from '../../errors/whose.js'
import { SingleFlight } from '../../io/single-flight.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import { ageRecipients, type AgeRecipients, type AgeRecipientsOptions } from './age-recipients.js'
import { answerText } from './answer-text.js'

/** For how long `age.txt` is served. */
export interface AgeRecipientsHandlerOptions extends AgeRecipientsOptions {
  /**
   * For how long caches may keep an answer, in milliseconds.
   *
   * Default: 5 minutes. It is never longer than the recipients are good.
   */
  readonly maxAge?: number
}

const reloadAfter = 60_000
/** As long as an answer without recipients says: requests must not read the inventory one by one. */
const retryAfter = 30_000

/**
 * Makes a handler that serves `age.txt`: the recipients that stock age seals to.
 *
 * - It answers GET and HEAD, with `ETag` and 304, and `Cache-Control`. Mount it at any path.
 * - It lists purposes with `age: true` only. The inventory is read at most once a minute,
 *   and every 30 seconds where there is nothing to serve.
 * - No request calls KMS. It never throws: where there is nothing to serve it answers 503.
 *
 * @param store - the inventory
 * @returns a function that takes a Request and answers a Response
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: it is no store of an inventory, or an option is wrong
 * @example
 *   ```js
 *   import { ageRecipientsHandler } from 'sealdrop/age'
 *   import { fileInventory } from 'sealdrop/kms'
 *   const handler = ageRecipientsHandler(fileInventory('inventory'))
 *   const response = await handler(new Request('https://keys.example.com/age.txt'))
 *   console.log(response.status) // 503
 *   ```
 * @see RFC 9110 §13.1.2, RFC 9111 §5.2
 */
export function ageRecipientsHandler(
  store: InventoryStore,
  o: AgeRecipientsHandlerOptions = {},
): (request: Request) => Promise<Response> {
  return blamingNow(() => handlerOf(store, o))
}

function handlerOf(
  store: InventoryStore,
  o: AgeRecipientsHandlerOptions,
): (request: Request) => Promise<Response> {
  const { maxAge = 300_000, now: clock } = checkOptions(o, 'now maxAge')
  milliseconds('maxAge', maxAge)
  ensure(
    hasMethods(store, 'read'),
    'invalid_argument',
    'ageRecipientsHandler: expected a store such as fileInventory makes',
  )
  const now = clockOf(clock)
  const held = holding(store, now)
  return async ({ method, headers }) => {
    const known = headers.get('if-none-match')
    const { body, ...said } = await answerText({ method, known }, held, { now, maxAge })
    return new Response(body, said)
  }
}

/** The recipients, read at most once a minute. While that fails, those that were read last. */
function holding(
  store: InventoryStore,
  now: () => number,
): () => Promise<AgeRecipients | undefined> {
  const flight = new SingleFlight<void>()
  let held: AgeRecipients | undefined
  let readAt = -Infinity
  let isReading = false
  const read = async (): Promise<void> => {
    readAt = now()
    isReading = true
    try {
      held = await ageRecipients(store, { now })
    } catch (error) {
      // that nothing is to be served is an answer; that the store cannot be read is none
      const isAnswer = isSealdropError(error) && error.code !== 'source_failed'
      if (isAnswer) held = undefined
    } finally {
      isReading = false
    }
  }
  return async () => {
    const isOld = Math.abs(now() - readAt) >= (held ? reloadAfter : retryAfter)
    if (isOld || (!held && isReading)) await flight.run(read)
    return held
  }
}
