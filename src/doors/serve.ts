/** The key-set endpoint, for anything that has Request and Response; no KMS. */
export type { KeySetDocuments } from '../keys/documents.js'
export { keySetHandler, type KeySetHandlerOptions } from '../serve/key-set-handler.js'
