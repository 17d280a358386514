/** Serve a key set under node:http, or from anything that has Request and Response; no KMS. */
export type { KeySetDocuments } from '../keys/documents.js'
export type { KeySetHandlerOptions, ServedDocuments } from '../serve/answering.js'
export { keySetHandler } from '../serve/key-set-handler.js'
export { keySetListener, type ListenerRequest } from '../serve/key-set-listener.js'
export type { ListenerResponse } from '../serve/listening.js'
