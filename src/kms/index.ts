/** The companion: everything that calls KMS. */
export { createOpener, type Opener, type OpenerOptions } from './open.js'
export type { Opened, OpenedInfo, OpenOptions } from '../open/open-value.js'
export type { OpenEvent } from '../open/value-opener.js'
export type { ReplayStore } from '../open/replay.js'
export type { CacheOptions } from './data-key-cache.js'
export { createSigner, type ReceiptOf, type Signer } from './sign.js'
export { createPublisher, type PublishedKey, type PublisherOptions } from './publish.js'
export type { Kms } from './port.js'
