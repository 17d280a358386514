/** Node files as byte sources; no AWS. */
export type { ByteSource } from './io/byte-source.js'
export { fileSource } from './files/file-source.js'
export { fileRecords } from './files/file-records.js'
export { fileSets } from './files/file-sets.js'
export type { FileRecords } from './stream/file-records.js'
export type { SetStore } from './keys/set-store.js'
