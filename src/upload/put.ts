import type { Bytes } from '../bytes/bytes.js'
import { checkOptions } from '../errors/options.js'
import { onAbort, within, type CallOptions } from '../io/abort.js'
import { tell } from '../io/tell.js'
import { retryAfterOf } from './retry.js'
import type { SignedPart } from './protocol.js'

/** What became of a part that was sent. */
export interface PutAnswer {
  /** The status; 0 for a lost connection, which an answer without CORS headers looks like too. */
  readonly status: number
  /** The code in S3's XML, such as `BadDigest`; empty where there is none. */
  readonly code: string
  /** S3's words, where it gives some. */
  readonly message: string
  /** Milliseconds to wait, as the answer asks for. */
  readonly retryAfter: number
}

/** How a part is sent. */
export interface PutOptions extends CallOptions {
  /** Told of the bytes that have left. Default: nobody. */
  readonly onProgress?: (sent: number) => void
}

interface Sending {
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((sent: number) => void) | undefined
}

const lost: PutAnswer = { status: 0, code: '', message: '', retryAfter: 0 }

/** Milliseconds without progress after which a connection is taken for lost. */
const patience = 60_000
/** Without XMLHttpRequest nobody sees progress: a part may then also take as long as at this rate. */
const slowest = 32_768

/**
 * Sends a part by PUT, and answers what became of it.
 *
 * - XMLHttpRequest is used where it exists: fetch tells no progress
 * - it rejects with the reason of the signal only
 */
export const putPart = (
  { url, headers }: SignedPart,
  body: Bytes,
  o?: PutOptions,
): Promise<PutAnswer> => {
  const { signal, onProgress } = checkOptions(o, 'signal onProgress')
  const { XMLHttpRequest: Request } = globalThis as {
    readonly XMLHttpRequest?: typeof XMLHttpRequest
  }
  return Request
    ? putByRequest(new Request(), url, headers, body, { signal, onProgress })
    : putByFetch(url, headers, body, { signal, onProgress })
}

function putByRequest(
  request: XMLHttpRequest,
  url: string,
  ...[headers, body, { signal, onProgress }]: [SignedPart['headers'], Bytes, Sending]
): Promise<PutAnswer> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = (): void => request.abort()
    const watch = (): void => {
      clearTimeout(timer)
      timer = setTimeout(stop, patience)
    }
    const off = onAbort(signal, stop)
    const end = (answer: PutAnswer): void => {
      clearTimeout(timer)
      off()
      if (signal?.aborted) reject(signal.reason)
      else resolve(answer)
    }
    request.upload.onprogress = ({ loaded }) => {
      watch()
      tell(onProgress, loaded)
    }
    // of a lost connection the status is 0, and the rest is empty
    request.onloadend = () =>
      end(answerOf(request.status, request.responseText, request.getResponseHeader('retry-after')))
    try {
      request.open('PUT', url)
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    } catch {
      return end(lost) // no browser sends to such a URL, or with such a header
    }
    watch()
    if (signal?.aborted) return end(lost)
    // as bytes they would be copied in one long task
    request.send(new Blob([body]))
  })
}

async function putByFetch(
  url: string,
  headers: SignedPart['headers'],
  ...[body, { signal, onProgress }]: [Bytes, Sending]
): Promise<PutAnswer> {
  signal?.throwIfAborted()
  try {
    return await within(patience + (body.length / slowest) * 1_000, async (late) => {
      const stop = new AbortController()
      const end = (): void => stop.abort(signal?.reason)
      const [off] = [signal, late].map((one) => onAbort(one, end))
      try {
        const response = await fetch(url, {
          method: 'PUT',
          headers,
          body,
          // a signed URL is good for its host alone, and another one may lead into our own network
          redirect: 'manual',
          signal: stop.signal,
        })
        const answer = answerOf(
          response.status,
          (await response.text()).slice(0, 4_096),
          response.headers.get('retry-after'),
        )
        if (answer.status < 300) tell(onProgress, body.length)
        return answer
      } finally {
        off?.()
      }
    })
  } catch {
    signal?.throwIfAborted()
    return lost
  }
}

function answerOf(status: number, text: string, retryAfter: string | null): PutAnswer {
  const [, code = ''] = /<Code>(\w+)<\/Code>/.exec(text) ?? []
  const [, message = ''] = /<Message>([^<]*)<\/Message>/.exec(text) ?? []
  return { status, code, message, retryAfter: retryAfterOf(retryAfter) }
}
