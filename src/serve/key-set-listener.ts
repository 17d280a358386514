import { listening, type ListenerResponse } from './listening.js'
import { answering, type KeySetHandlerOptions, type ServedDocuments } from './answering.js'

/** What is used here of a request of `node:http`, `node:http2` or Express. */
export interface ListenerRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/**
 * Makes a listener for `node:http` that serves a key set to pages and servers.
 *
 * - it answers as `keySetHandler` does, and is mounted in Express by `app.use`
 * - it never looks at the path, the host or the body of a request
 * - it throws nothing, so that no request ends the server: what fails in it is answered by 500
 *
 * @param source - what `createPublisher` makes, or anything else that has `documents()`
 * @returns a function that takes a request and a response
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the source has no `documents()`, or `maxAge` is no number of milliseconds
 * @example
 *   ```js
 *   import { createServer } from 'node:http'
 *   import { createPublisher } from 'sealdrop/kms'
 *   import { keySetListener } from 'sealdrop/serve'
 *   const publisher = createPublisher({ keys: [{ key: 'alias/claims' }] })
 *   const server = createServer(keySetListener(publisher)).listen(0, '127.0.0.1')
 *   await new Promise((resolve) => server.once('listening', resolve))
 *   const response = await fetch(`http://127.0.0.1:${server.address().port}/`)
 *   console.log(response.status, (await response.json()).keys.length) // 200 1
 *   server.close()
 *   ```
 * @see RFC 7517 §8.5, RFC 9110 §12.5.1 and §13.1.2, RFC 9111 §5.2
 */
export function keySetListener(
  source: ServedDocuments,
  o: KeySetHandlerOptions = {},
): (request: ListenerRequest, response: ListenerResponse) => void {
  const answer = answering(source, o)
  return listening(async ({ method = 'GET', headers }) =>
    answer(method, (name) => {
      const found = headers[name]
      return typeof found === 'object' ? found.join() : found
    }),
  )
}
