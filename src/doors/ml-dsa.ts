/** Verify ML-DSA signatures where the runtime's WebCrypto lacks them. */
export type { AlgorithmProvider } from '../crypto/provider.js'
export { mlDsa } from '../providers/ml-dsa.js'
