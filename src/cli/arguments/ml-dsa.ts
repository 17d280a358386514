import type { AlgorithmProvider } from '../../doors/index.js'
import { ensureDoor } from '../doors-inside.js'

const names = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']

/** Finds out whether the door is there at all before anything is verified: no failure is a "no". */
const algorithms: readonly string[] = Object.assign([...names], {
  includes(name: string): boolean {
    if (!names.includes(name)) return false
    ensureDoor('ml-dsa')
    return true
  },
})

/** Brings ML-DSA where WebCrypto lacks it. It is loaded for the first signature that needs it. */
export const mlDsaWhereMissing: AlgorithmProvider = {
  algorithms,
  async verify(alg, key, signature, message) {
    const { mlDsa } = await import('../../doors/ml-dsa.js')
    return (await mlDsa().verify?.(alg, key, signature, message)) ?? false
  },
}
