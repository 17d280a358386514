import { recipientUses, specsOfSignature } from '../../algorithms/kms-key-specs.js'
import { keyWraps } from '../../algorithms/key-wraps.js'
import { signatures } from '../../algorithms/signatures.js'
import type { Purpose } from '../inventory/inventory-model.js'
import { messageTypesOf } from '../port/message-types.js'

/** What a KMS key has to be for an algorithm, and what KMS calls the algorithm. */
export interface AlgorithmUse {
  readonly kms: string
  readonly usage: Purpose['usage']
  readonly specs: readonly string[]
  /** Of a signature, what is sent to be signed. */
  readonly messageTypes?: readonly string[]
}

const wraps = Object.entries(keyWraps).map(([alg, row]): [string, AlgorithmUse] => [
  alg,
  {
    kms: row.kms,
    usage: recipientUses[row.kind].usage,
    specs: Object.values(recipientUses[row.kind].specs),
  },
])
const signs = Object.entries(signatures).map(([alg, row]): [string, AlgorithmUse] => [
  alg,
  {
    kms: row.kms,
    usage: 'SIGN_VERIFY',
    specs: specsOfSignature(row),
    messageTypes: messageTypesOf(row),
  },
])

/** By JOSE name. */
export const algorithmUses: ReadonlyMap<string, AlgorithmUse> = new Map([...wraps, ...signs])

/** The uses of some algorithms, each of which is known. */
export const usesOf = (algs: readonly string[]): readonly AlgorithmUse[] =>
  algs.flatMap((alg) => algorithmUses.get(alg) ?? [])

/** The algorithms of a key with this spec and usage. */
export const algorithmsOf = (spec: string, usage: string): readonly string[] =>
  [...algorithmUses].flatMap(([alg, use]) =>
    use.usage === usage && use.specs.includes(spec) ? [alg] : [],
  )
