/** Node files as byte sources; no AWS. */
export type { ByteSource } from '../io/byte-source.js'
export { fileSource } from '../files/file-source.js'
export { safePath } from '../files/safe-path.js'
export { fileRecords } from '../stores/files/file-records.js'
export { fileSets } from '../stores/files/file-sets.js'
export type { FileRecords } from '../stream/record-store.js'
export type { SetStore } from '../keys/set-store.js'
