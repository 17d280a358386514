import { limits } from '../../algorithms/limits.js'
import { parseKeySet } from '../../formats/jwk.js'
import type { JsonObject } from '../../formats/json.js'
import { parseJws } from '../../formats/jws.js'
import { parseReceipt } from '../../formats/receipt.js'
import { parseReceiptFile } from '../../formats/receipt-file.js'
import { parseSignedSet, setClaims } from '../../formats/signed-set.js'
import { thumbprintOf } from '../../keys/key.js'
import { fact, namedInput, problemsOf, timeFact, type Report } from './report.js'
import type { Seen } from './seen.js'
import { receiptFacts, receiptProblems, verifyingWay } from './token.js'

/** The key set inside of a receipt file. */
interface InnerSet {
  readonly signedBy?: string | undefined
  readonly name?: string
  readonly keys: readonly JsonObject[]
}

function innerSet(document: string): InnerSet {
  if (document.trimStart().startsWith('{')) return { keys: parseKeySet(document) }
  const { header, payload } = parseSignedSet(document)
  const { sub, keys } = setClaims(payload, limits.keys)
  return { signedBy: header.kid, name: sub, keys }
}

/** What a receipt file says: its receipt, what that is for, and which set vouches for its key. */
export async function lookAtReceiptFile(seen: Seen): Promise<Report> {
  const file = parseReceiptFile(await seen.text())
  const jws = parseJws(file.receipt)
  const receipt = parseReceipt(jws.payload)
  const set = innerSet(file.keySet)
  const isSigned = set.name !== undefined
  const { kid } = jws.header
  const names = await Promise.all(set.keys.map(namesOf))
  const trust = isSigned ? ['--root', 'ROOT'] : ['--pin', 'THUMBPRINT']
  return {
    kind: 'receipt-file',
    words: 'a receipt file: a receipt, and the key set of its day',
    facts: [
      ...receiptFacts(jws, seen.now),
      timeFact('savedAt', 'kept since', file.savedAt, seen.now),
      fact('keySet', 'key set', { signed: isSigned, ...set, keys: set.keys.length }, [
        setLine(set),
      ]),
    ],
    does: 'verifies',
    ways: verifyingWay([
      ...trust,
      '--receipt-file',
      '--sent',
      'SENT',
      ...namedInput(seen.input.name),
    ]),
    problems: [
      ...receiptProblems(jws, seen.now),
      ...problemsOf(
        [
          kid !== undefined && !names.flat().includes(kid),
          'key_not_found',
          'its key set does not have the key that its receipt names',
        ],
        [
          file.sent.messageId !== receipt.messageId || file.sent.digest !== receipt.digest,
          'rejected',
          'its receipt is for something else than the file says',
        ],
      ),
    ],
  }
}

/** The names by which a receipt may name a key. */
async function namesOf(jwk: JsonObject): Promise<readonly unknown[]> {
  return [jwk['kid'], await thumbprintOf(jwk).catch(() => undefined)]
}

function setLine({ name, signedBy, keys }: InnerSet): string {
  const count = `${keys.length} key${keys.length === 1 ? '' : 's'}`
  if (name === undefined) return `${count}, not signed`
  return `${count}, the set ${JSON.stringify(name)}, signed by ${signedBy ?? 'a key without a name'}`
}
