/** Verify signatures over a digest that you have, which WebCrypto cannot. */
export type { AlgorithmProvider } from '../crypto/provider.js'
export { digests } from '../providers/digests.js'
