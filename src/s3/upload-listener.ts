import { blamingNow } from '../errors/whose.js'
import { listening, type ListenerResponse } from '../serve/listening.js'
import { answerUpload } from './answering.js'
import { checkedSettings, type UploadHandlerOptions } from './upload-options.js'

/** What is used here of a request of `node:http` or Express, whose body nobody has read. */
export interface UploadListenerRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** The request as `authorize` and the handler take it. Its URL names no host that a client chose. */
function requestOf(incoming: UploadListenerRequest): Request {
  const { method = 'GET', url = '/' } = incoming
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers))
    // those of HTTP/2 that begin with a colon are none of these
    if (value !== undefined && !name.startsWith(':'))
      headers.set(name, typeof value === 'string' ? value : value.join(', '))
  const path = `/${url.replace(/^\/+/, '')}`
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: ReadableStream.from(incoming), duplex: 'half' } : {}
  return new Request(`http://localhost${path}`, { method, headers, ...body } as RequestInit)
}

/**
 * Makes a listener of partners' uploads for `node:http`, which Express mounts by `app.use`.
 *
 * - it answers as `uploadHandler` does
 * - nobody may have read the body before: a parser of JSON leaves this content type alone
 * - the URL of the request that `authorize` gets has the host `localhost`
 *
 * @param o - as `uploadHandler` takes them
 * @returns a function that takes a request and a response
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong
 * @example
 *   ```js
 *   import { createServer } from 'node:http'
 *   import { S3Client } from '@aws-sdk/client-s3'
 *   import { uploadListener } from 'sealdrop/s3'
 *   const who = { authorize: () => null, origins: [], secrets: ['0123456789'.repeat(4)] }
 *   const to = { s3: new S3Client({}), bucket: 'uploads', prefix: 'inbox/' }
 *   const server = createServer(uploadListener({ ...to, ...who })).listen(0, '127.0.0.1')
 *   await new Promise((resolve) => server.once('listening', resolve))
 *   const answer = await fetch(`http://127.0.0.1:${server.address().port}/`)
 *   console.log(answer.status) // 405
 *   server.close()
 *   ```
 * @see upload.md
 */
export function uploadListener(
  o: UploadHandlerOptions,
): (request: UploadListenerRequest, response: ListenerResponse) => void {
  const settings = blamingNow(() => checkedSettings(o))
  return listening(async (incoming) => {
    const answer = await answerUpload(settings, requestOf(incoming))
    const { status } = answer
    const headers = Object.fromEntries(answer.headers)
    return answer.body ? { status, headers, body: await answer.text() } : { status, headers }
  })
}
