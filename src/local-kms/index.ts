export { startLocalKms } from './server.js'
export type { LocalKms, LocalKmsKey, LocalKmsOptions } from './options.js'
