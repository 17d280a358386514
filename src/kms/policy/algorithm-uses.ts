import { ecKeySpecs, rsaKeySpecs } from '../../algorithms/key-specs.js'
import { keyWraps } from '../../algorithms/key-wraps.js'
import { signatures } from '../../algorithms/signatures.js'
import type { CurveName } from '../../algorithms/curves.js'
import type { Purpose } from '../inventory/model.js'

/** What a KMS key has to be for an algorithm, and what KMS calls the algorithm. */
export interface AlgorithmUse {
  readonly kms: string
  readonly usage: Purpose['usage']
  readonly specs: readonly string[]
}

const specsOf = ({ kty, crv }: { readonly kty: 'RSA' | 'EC'; readonly crv?: CurveName }): readonly string[] =>
  kty === 'RSA' ? Object.values(rsaKeySpecs) : crv === undefined ? Object.values(ecKeySpecs) : [ecKeySpecs[crv]]

const wraps = Object.entries(keyWraps).map(([alg, row]): [string, AlgorithmUse] => [alg, { kms: row.kms, usage: row.kty === 'RSA' ? 'ENCRYPT_DECRYPT' : 'KEY_AGREEMENT', specs: specsOf(row) }])
const signs = Object.entries(signatures).map(([alg, row]): [string, AlgorithmUse] => [alg, { kms: row.kms, usage: 'SIGN_VERIFY', specs: specsOf(row) }])

/** By JOSE name. */
export const algorithmUses: ReadonlyMap<string, AlgorithmUse> = new Map([...wraps, ...signs])

/** The uses of some algorithms, each of which is known. */
export const usesOf = (algs: readonly string[]): readonly AlgorithmUse[] => algs.flatMap((alg) => algorithmUses.get(alg) ?? [])

/** The algorithms of a key with this spec and usage. */
export const algorithmsOf = (spec: string, usage: string): readonly string[] => [...algorithmUses].flatMap(([alg, use]) => (use.usage === usage && use.specs.includes(spec) ? [alg] : []))
