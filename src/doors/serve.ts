/** Serve a key set from anything that has Request and Response; no KMS. */
export type { KeySetDocuments } from '../keys/documents.js'
export { keySetHandler, type KeySetHandlerOptions } from '../serve/key-set-handler.js'
