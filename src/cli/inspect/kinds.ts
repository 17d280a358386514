import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { isText } from '../../formats/json.js'
import { reservedTypes, sameType } from '../../formats/jws.js'
import { beginsAsAgeFile } from '../data/kinds.js'
import { lookAtAge } from './age-file.js'
import { lookAtFileSignature } from './file-signature.js'
import { lookAtKeySet, lookAtSignedSet } from './key-set.js'
import { isMessage, lookAtMessage } from './message.js'
import { lookAtReceiptFile } from './receipt-file.js'
import type { Report } from './report.js'
import { named, type Seen } from './seen.js'
import { lookAtReceipt, lookAtToken } from './token.js'
import { lookAtValue } from './value.js'

/** One kind of thing that is known. */
interface Kind {
  /** How a message names it. */
  readonly named: string
  /** Whether this is one. It reads no more than it needs. */
  readonly fits: (seen: Seen) => boolean | Promise<boolean>
  readonly look: (seen: Seen) => Promise<Report>
}

/** Whether it begins as the base64url of a JSON object does (RFC 7515 §7.1). */
const isToken = ({ begins }: Seen): boolean => /^e[wy][\w-]/.test(begins)
const isJson = ({ begins }: Seen): boolean => begins.startsWith('{')

/** Whether its first line has so many parts. */
async function hasParts(seen: Seen, count: number): Promise<boolean> {
  if (!isToken(seen)) return false
  const [line = ''] = (await seen.text()).split(/\r?\n/, 1)
  return line.split('.', 6).length === count
}

/** Whether it is a token whose `typ` fits. */
async function isJws(
  seen: Seen,
  fits: (typ: string | undefined) => boolean = () => true,
): Promise<boolean> {
  return (await hasParts(seen, 3)) && fits((await seen.jws()).header.typ)
}

/** By its exact type: that is how whoever believes a set tells it from a history. */
const isSetType = (typ: string | undefined): boolean =>
  typ === reservedTypes.keySet || typ === reservedTypes.history

const isLines = async (seen: Seen): Promise<boolean> => (await seen.text()).includes('\n')

/** Whether it is JSON whose member is what a kind has there. */
async function hasMember(
  seen: Seen,
  member: string,
  fits: (value: unknown) => boolean,
): Promise<boolean> {
  return isJson(seen) && fits((await seen.json())[member])
}

/**
 * Every kind, in the order in which they are tried: the first that fits counts.
 *
 * A kind that is told by its first bytes stands before those that read all of a text.
 */
const kinds: readonly Kind[] = [
  { named: 'a sealed file', fits: ({ first }) => isMessage(first), look: lookAtMessage },
  { named: 'an age file', fits: ({ input }) => beginsAsAgeFile(input), look: lookAtAge },
  { named: 'a sealed value', fits: (seen) => hasParts(seen, 5), look: lookAtValue },
  {
    named: 'a receipt file',
    fits: (seen) => hasMember(seen, 'type', (type) => type === 'sealdrop-receipt-file'),
    look: lookAtReceiptFile,
  },
  {
    named: 'a key set, also a signed one',
    fits: (seen) => hasMember(seen, 'keys', Array.isArray),
    look: lookAtKeySet,
  },
  {
    named: 'a public key (JWK)',
    fits: (seen) => hasMember(seen, 'kty', isText),
    look: lookAtKeySet,
  },
  {
    named: 'a history',
    fits: (seen) => isJws(seen, isSetType),
    look: lookAtSignedSet,
  },
  {
    named: 'a file signature',
    fits: async (seen) =>
      (await isJws(seen, (typ) => sameType(typ, reservedTypes.file))) ||
      ((await isJws(seen)) && (await isLines(seen))),
    look: lookAtFileSignature,
  },
  {
    named: 'a receipt',
    fits: (seen) => isJws(seen, (typ) => sameType(typ, reservedTypes.receipt)),
    look: lookAtReceipt,
  },
  { named: 'a token', fits: (seen) => isJws(seen), look: lookAtToken },
]

/**
 * Says what something is, and what it says of itself.
 *
 * @throws SealdropError `malformed` for what is of no kind, and where a kind cannot be read
 */
export async function lookAt(seen: Seen): Promise<Report> {
  const { name } = seen.input
  try {
    for (const { fits, look } of kinds) if (await fits(seen)) return await look(seen)
  } catch (error) {
    throw isSealdropError(error) && error.code.startsWith('source_') ? error : named(name, error)
  }
  const what = seen.first.length === 0 ? 'it is empty' : 'it is something else'
  throw new SealdropError(
    'malformed',
    `${name}: ${what}; looked at are ${kinds.map((kind) => kind.named).join(', ')}`,
  )
}
