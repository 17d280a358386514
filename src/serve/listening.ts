import { utf8 } from '../bytes/text.js'
import type { Answer } from './answering.js'

/** What is used here of a response of `node:http`, `node:http2` or Express. */
export interface ListenerResponse {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}

/** Makes a listener of what answers a request. It throws nothing: what fails is answered by 500. */
export function listening<R>(
  answer: (request: R) => Promise<Answer>,
): (request: R, response: ListenerResponse) => void {
  const serve = async (request: R, response: ListenerResponse): Promise<void> => {
    let isOurs = false
    try {
      const { status, headers: answered, body } = await answer(request)
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
