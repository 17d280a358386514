import type { IncomingMessage } from 'node:http'
import { KmsFault, type FaultName } from './fault.js'

interface Rule {
  readonly fault: FaultName
  readonly text: string
  refuses(request: IncomingMessage): boolean
}

export const mediaType = 'application/x-amz-json-1.1'

/**
 * The rules, which keep out what a web page can make a browser send.
 *
 * - A page can send to another origin. After DNS rebinding it can also read the answer.
 * - It cannot send this content type without a preflight, leave out Origin, or choose Host.
 */
const rules: readonly Rule[] = [
  {
    fault: 'UnknownOperationException',
    text: 'The local KMS takes POST only.',
    refuses: ({ method }) => method !== 'POST',
  },
  {
    fault: 'UnknownOperationException',
    text: 'The local KMS has one path: /',
    refuses: ({ url }) => url !== '/',
  },
  {
    fault: 'AccessDeniedException',
    text: 'The local KMS takes requests to a loopback host only: 127.0.0.1, localhost or [::1].',
    refuses: ({ headersDistinct: { host = [] } }) =>
      host.length !== 1 || !/^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(String(host[0])),
  },
  {
    fault: 'AccessDeniedException',
    text: 'The local KMS takes no requests from web pages: they carry an Origin header.',
    refuses: ({ headers }) => headers.origin !== undefined,
  },
  {
    fault: 'AccessDeniedException',
    text: 'The local KMS takes no requests from web pages: they carry a Sec-Fetch-Site header.',
    refuses: ({ headers }) => headers['sec-fetch-site'] !== undefined,
  },
  {
    fault: 'UnknownOperationException',
    text: `The local KMS takes the content type ${mediaType} only.`,
    refuses: ({ headers }) =>
      headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== mediaType,
  },
  {
    fault: 'SerializationException',
    text: 'The local KMS takes no content encoding.',
    refuses: ({ headers }) => headers['content-encoding'] !== undefined,
  },
]

/**
 * Lets requests of AWS clients on this machine through.
 *
 * @throws KmsFault for any other one
 */
export function checkRequest(request: IncomingMessage): void {
  const broken = rules.find((rule) => rule.refuses(request))
  if (broken) throw new KmsFault(broken.fault, broken.text)
}
