/** Signatures over a digest that the caller has: WebCrypto verifies messages only. */
export type { AlgorithmProvider } from '../crypto/provider.js'
export { digests } from '../providers/digests.js'
