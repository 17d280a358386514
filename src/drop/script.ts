/** The script-tag file: it defines the element when it is loaded. */
import { defineDrop } from './define-drop.js'

export { takeDropLink } from '../upload/take-drop-link.js'

defineDrop()
