import { isSignatureName, whyRefused } from '../../algorithms/signatures.js'
import { fromUtf8 } from '../../bytes/text.js'
import { shown } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { isTime } from '../../formats/compact.js'
import { parseJsonObject, type JsonObject } from '../../formats/json.js'
import { reservedTypes, sameType, type Jws } from '../../formats/jws.js'
import { parseReceipt } from '../../formats/receipt.js'
import {
  commandLine,
  fact,
  grouped,
  namedInput,
  problemsOf,
  timeFact,
  type Fact,
  type Problem,
  type Report,
} from './report.js'
import type { Seen } from './seen.js'

/** A minute, in milliseconds: so far may clocks differ. */
const tolerance = 60_000
const asJwt = ['--jwt', '--jwt-issuer', 'ISSUER', '--jwt-audience', 'AUDIENCE'] as const
/** Whose keys, as a command line names them. */
export const keysAndRoot = ['-k', 'KEYS', '--root', 'ROOT'] as const

/** What the header of every signed thing says. */
export const headerFacts = ({ header, signature }: Jws): readonly Fact[] => [
  fact('alg', 'algorithm', header.alg),
  fact('kid', 'signed by', header.kid ?? undefined),
  fact('type', 'type', header.typ),
  fact('signatureLength', 'signature', signature.length, [`${grouped(signature.length)} bytes`]),
]

/** Why the header of a signed thing does not verify with any key. */
export const headerProblems = ({ header: { alg, kid } }: Jws): readonly Problem[] =>
  problemsOf(
    [
      !isSignatureName(alg) && alg !== 'EdDSA',
      'unsupported_algorithm',
      `alg ${shown(alg)}: ${whyRefused(alg)}`,
    ],
    [
      kid === undefined,
      'key_not_found',
      'it names no key: only a key set with one key for its alg verifies it',
    ],
  )

/** Who verifies something, and how. */
export const verifyingWay = (words: readonly string[]): Report['ways'] => [
  {
    who: 'whoever has the keys of its signer, and a reason to believe them',
    command: commandLine(['verify', ...words]),
  },
]

/** Whether times that a token says are over, or not yet there; seconds since 1970. */
const timeProblems = (
  { iat, nbf, exp }: { readonly iat?: unknown; readonly nbf?: unknown; readonly exp?: unknown },
  now: number,
): readonly Problem[] =>
  problemsOf(
    [isTime(exp) && exp * 1000 <= now, 'expired', 'it is over, as it says itself'],
    [isTime(nbf) && nbf * 1000 > now + tolerance, 'rejected', 'it is not good yet (nbf)'],
    [
      isTime(iat) && iat * 1000 > now + tolerance,
      'rejected',
      'it says that it was signed in the future: is a clock wrong?',
    ],
  )

/** What a token says of itself. Its content is public too. */
export async function lookAtToken(seen: Seen): Promise<Report> {
  const jws = await seen.jws()
  const { header, payload } = jws
  const isLink = sameType(header.typ, reservedTypes.drop)
  // what `sign` makes says what it holds, and no JWT has that
  const claims = header.cty === undefined ? claimsOf(payload) : undefined
  const { iss, sub, aud } = claims ?? {}
  const isJwt = claims !== undefined && !isLink
  const named = namedInput(seen.input.name)
  return {
    kind: 'jws',
    words: wordsOf(isLink, isJwt),
    facts: [
      ...headerFacts(jws),
      fact('contentType', 'content', header.cty),
      fact('length', 'content bytes', payload.length, [grouped(payload.length)]),
      fact('issuer', 'issuer', iss),
      fact('subject', 'subject', sub),
      fact('audience', 'audience', aud),
      timeFact('made', 'made', claims?.['iat'] ?? header.iat, seen.now),
      timeFact('notBefore', 'not before', claims?.['nbf'], seen.now),
      timeFact('expires', 'expires', claims?.['exp'], seen.now),
      fact('claims', 'claims', claims),
    ],
    does: 'verifies',
    ways: isLink
      ? [{ who: 'the server whose URL is its audience', command: '' }]
      : verifyingWay([...keysAndRoot, ...(isJwt ? asJwt : ['--token']), ...named]),
    problems: [...headerProblems(jws), ...timeProblems({ ...header, ...claims }, seen.now)],
  }
}

function wordsOf(isLink: boolean, isJwt: boolean): string {
  if (isLink) return 'a link that lets others send files (JWS)'
  return isJwt ? 'a signed token with claims (JWT)' : 'a signed token (JWS)'
}

/** The claims of a JWT; undefined where the content is none. */
function claimsOf(payload: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(fromUtf8(payload) ?? '', { code: 'malformed', field: 'claims' })
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return undefined
  }
}

/** What a receipt says: of which message, when, and whether it was opened. */
export function receiptFacts(jws: Jws, now: number): readonly Fact[] {
  const { iss, iat, messageId, length, digest, ctx, stage, key } = parseReceipt(jws.payload)
  return [
    ...headerFacts(jws),
    fact('stage', 'stage', stage),
    fact('messageId', 'message id', messageId),
    fact('length', 'sealed bytes', length, [grouped(length)]),
    fact('digest', 'digest', digest),
    fact('context', 'context', ctx),
    fact('openedBy', 'opened by', key),
    fact('issuer', 'issuer', iss),
    timeFact('made', 'made', iat, now),
  ]
}

/** Why a receipt does not verify with any key. */
export const receiptProblems = (jws: Jws, now: number): readonly Problem[] => [
  ...headerProblems(jws),
  ...timeProblems({ iat: parseReceipt(jws.payload).iat }, now),
]

export async function lookAtReceipt(seen: Seen): Promise<Report> {
  const jws = await seen.jws()
  const words = [...keysAndRoot, '--receipt', '--sent', 'SENT', ...namedInput(seen.input.name)]
  return {
    kind: 'receipt',
    words: 'a receipt (JWS)',
    facts: receiptFacts(jws, seen.now),
    does: 'verifies',
    ways: verifyingWay(words),
    problems: receiptProblems(jws, seen.now),
  }
}
