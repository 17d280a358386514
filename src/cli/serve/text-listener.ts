import { answerText, type ServedText } from '../../kms/age/answer-text.js'
import type { Listener } from './http-server.js'

/** A text under a name: where it comes from. */
export interface TextSource {
  /** In words. */
  readonly what: string
  /** The name of its file. */
  readonly name: string
  /** @throws SealdropError where it cannot be had, or is none */
  readonly read: () => Promise<ServedText | undefined>
}

/** For how long caches may keep a text, in milliseconds. */
const usual = 300_000

/** Answers a text as it is held: no request reads anything. */
export const textListener =
  (
    held: () => ServedText | undefined,
    { maxAge = usual }: { readonly maxAge?: number },
  ): Listener =>
  ({ method = 'GET', headers }, response) =>
    void answerText({ method, known: headers['if-none-match'] ?? null }, async () => held(), {
      now: Date.now,
      maxAge,
    }).then(({ status, headers: said, body }) => response.writeHead(status, said).end(body))
