/** An element for a page: drop files, see who can open them, and keep the receipts. */
export { defineDrop, type DefineDropOptions, type SealdropDrop } from '../drop/define-drop.js'
export type { DropSettings } from '../drop/settings.js'
export type { DropReceipt } from '../drop/receipts.js'
export type { QueueState } from '../drop/queue.js'
export type { Languages } from '../drop/format.js'
export type { DropMessages, Plural } from '../drop/messages/messages.js'
export { de } from '../drop/messages/de.js'
export { en } from '../drop/messages/en.js'
