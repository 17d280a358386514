/** ML-DSA where the runtime's WebCrypto lacks it. */
export type { AlgorithmProvider } from '../crypto/provider.js'
export { mlDsa } from '../providers/ml-dsa.js'
