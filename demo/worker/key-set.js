/**
 * A Cloudflare Worker that publishes the company's public keys, far from KMS and without any AWS
 * credentials.
 *
 * A job with access to KMS prepares the documents, for example after every change of keys and once
 * a day. This is prepare.mjs:
 *
 * ```js
 * import { createPublisher } from 'sealdrop/kms'
 * const keys = [{ key: 'alias/values' }, { key: 'alias/receipts' }]
 * console.log(JSON.stringify(await createPublisher({ keys }).documents()))
 * ```
 *
 * Then run `wrangler kv key put --binding KEYS key-set "$(node prepare.mjs)"`.
 *
 * This Worker serves the documents from the KV namespace KEYS with CORS, ETag, 304 and
 * Cache-Control. Once they have expired it answers 503, so that an old set does not live for ever.
 * Clients keep what they hold for as long as it is good.
 */
import { keySetHandler } from 'sealdrop/serve'

export default {
  async fetch(request, env) {
    // made for each request: `env` belongs to it, and making a handler does nothing
    return keySetHandler({ documents: () => env.KEYS.get('key-set', 'json') })(request)
  },
}
