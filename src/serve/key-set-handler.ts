import { answering, type KeySetHandlerOptions, type ServedDocuments } from './answering.js'

/**
 * Makes a handler that serves a key set to pages and servers.
 *
 * - it answers GET, HEAD and OPTIONS, with CORS, `ETag` and 304, and `Cache-Control`
 * - its preflight answers allow any header, such as those of `fetchKeySet`'s `headers`
 * - whoever accepts `application/jwk-set+jwt` gets the signed set
 * - mount it at any path, for example `/.well-known/jwks.json`
 * - it never throws: where the documents cannot be had it answers 503
 * - under `node:http` and Express `keySetListener` does the same
 *
 * @param source - what `createPublisher` makes, or anything else that has `documents()`
 * @returns a function that takes a Request and answers a Response
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the source has no `documents()`, or `maxAge` is no number of milliseconds
 * @example
 *   ```js
 *   import { createPublisher } from 'sealdrop/kms'
 *   import { keySetHandler } from 'sealdrop/serve'
 *   const publisher = createPublisher({ keys: [{ key: 'alias/claims' }] })
 *   const handler = keySetHandler(publisher, { maxAge: 60_000 })
 *   const response = await handler(new Request('https://keys.example.com/keys.json'))
 *   const { keys } = await response.json()
 *   console.log(keys.length, response.headers.get('cache-control')) // 1 public, max-age=60
 *   ```
 * @see RFC 7517 §8.5, RFC 9110 §12.5.1 and §13.1.2, RFC 9111 §5.2
 */
export function keySetHandler(
  source: ServedDocuments,
  o: KeySetHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const answer = answering(source, o)
  return async ({ method, headers }) => {
    const { body = null, ...init } = await answer(method, (name) => headers.get(name))
    return new Response(body, init)
  }
}
