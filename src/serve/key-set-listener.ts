import { utf8 } from '../bytes/text.js'
import { answering, type KeySetHandlerOptions, type ServedDocuments } from './answering.js'

/** What is used here of a request of `node:http`, `node:http2` or Express. */
export interface ListenerRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What is used here of a response of `node:http`, `node:http2` or Express. */
export interface ListenerResponse {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
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
  const serve = async (request: ListenerRequest, response: ListenerResponse): Promise<void> => {
    let isOurs = false
    try {
      const { method = 'GET', headers } = request
      const {
        status,
        headers: answered,
        body,
      } = await answer(method, (name) => {
        const found = headers[name]
        return typeof found === 'object' ? found.join() : found
      })
      if (body !== undefined) answered['content-length'] = String(utf8(body).length)
      response.writeHead(status, answered)
      isOurs = true
      response.end(body ?? '')
    } catch {
      fail(response, isOurs)
    }
  }
  return (request, response) => void serve(request, response)
}

/** Ends what cannot be answered. What the response itself throws ends here too. */
function fail(response: ListenerResponse, isOurs: boolean): void {
  try {
    // an answer that somebody else has begun is theirs to end
    if (response.headersSent && !isOurs) return
    if (!isOurs) response.writeHead(500, { 'cache-control': 'no-store' })
    response.end('')
  } catch {
    // the connection is gone, or somebody else has answered
  }
}
