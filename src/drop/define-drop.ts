import { checkOptions } from '../errors/options.js'
import { ensure } from '../errors/guard.js'
import { elementClass } from './element.js'
import type { Languages } from './format.js'
import { de } from './messages/de.js'
import { en } from './messages/en.js'
import type { QueueState } from './queue.js'
import type { DropReceipt } from './receipts.js'
import type { DropSettings } from './settings.js'

/** How the element is defined. */
export interface DefineDropOptions {
  /** Tables of texts by language, beside `en` and `de` or in their place. Default: none. */
  readonly messages?: Languages
}

type Settings = { -readonly [Name in keyof DropSettings]: DropSettings[Name] }

/** The element `<sealdrop-drop>`: each setting is a property, most are attributes too. */
export interface SealdropDrop extends HTMLElement, Settings {
  /** Tables of texts by language, for this element only. */
  messages: Languages | undefined
  readonly state: QueueState
  /** What arrived. */
  readonly receipts: readonly DropReceipt[]
  /** Adds files, as if they had been chosen. */
  addFiles(files: Iterable<File>): void
  /** Sends what waits, as its button does. */
  send(): void
  pause(): void
  resume(): void
}

declare global {
  interface HTMLElementTagNameMap {
    'sealdrop-drop': SealdropDrop
  }
}

const tag = 'sealdrop-drop'

/**
 * Defines `<sealdrop-drop>`, which seals what people drop into it and sends it.
 *
 * - settings come from attributes and properties of the element, and none from the address
 * - without `pins`, `roots` or key sets it sends nothing: nothing is believed by default
 * - a second call changes nothing
 *
 * @throws SealdropError:
 *   - `unsupported_runtime`: there are no custom elements here
 *   - `conflict`: another script defined an element of this name
 *   - `invalid_argument`: an option is misspelt
 * @example
 *   ```js
 *   import { defineDrop } from 'sealdrop/drop'
 *   defineDrop()
 *   const box = document.createElement('sealdrop-drop')
 *   document.body.append(box)
 *   console.log(box.state) // empty
 *   ```
 */
export function defineDrop(o: DefineDropOptions = {}): void {
  const { messages = {} } = checkOptions(o, 'messages')
  const registry = globalThis.customElements as CustomElementRegistry | undefined
  ensure(registry, 'unsupported_runtime', 'defineDrop: expected a page, which has customElements')
  const found = registry.get(tag) as { readonly isSealdrop?: boolean } | undefined
  ensure(
    !found || found.isSealdrop,
    'conflict',
    `defineDrop: another script defined <${tag}> in this page`,
  )
  if (!found) registry.define(tag, elementClass({ en, de, ...messages }))
}
