import { Drop } from './drop.js'
import type { Languages } from './format.js'
import type { QueueState } from './queue.js'
import type { DropReceipt } from './receipts.js'
import type { DropSettings } from './settings.js'
import { styles } from './styles.js'
import { languageAt, Surroundings } from './surroundings.js'

/** Attributes, and the properties that go before them. */
const attributes = {
  endpoint: 'endpoint',
  keys: 'keys',
  pins: 'pins',
  roots: 'roots',
  'set-name': 'setName',
  context: 'context',
  company: 'company',
} as const
const properties = [...Object.values(attributes), 'link', 'headers', 'records', 'messages'] as const

/** Values of properties. */
type Given = DropSettings & { readonly messages?: Languages }

/** The class of the element. It is made when it is defined, since only pages have `HTMLElement`. */
export function elementClass(tables: Languages): CustomElementConstructor {
  const sheet = styles()
  const made = class extends HTMLElement {
    static readonly isSealdrop = true
    static readonly observedAttributes = [...Object.keys(attributes), 'lang']
    /** What was set as a property. */
    // an inherited member of a polluted page is no setting
    given: Given = Object.create(null) as Given
    #drop: Drop | undefined
    #isDue = false
    readonly #around = new Surroundings({
      onLanguage: () => this.#drop?.speak(),
      onNetwork: () => this.#drop?.network(),
      isBusy: () => this.state === 'sending',
    })

    connectedCallback(): void {
      for (const name of properties) upgrade(this, name)
      this.#drop ??= dropOf(this, { tables, sheet })
      this.#around.begin()
      this.changed()
    }

    disconnectedCallback(): void {
      this.#around.end()
      // one that is moved is connected again at once
      queueMicrotask(() => this.isConnected || this.pause())
    }

    attributeChangedCallback(name: string): void {
      if (name === 'lang') this.#drop?.speak()
      else this.changed()
    }

    /** Reads the settings, once for all that change together. */
    changed(): void {
      if (this.#isDue || !this.#drop) return
      this.#isDue = true
      queueMicrotask(() => {
        this.#isDue = false
        this.#drop?.speak()
        this.#drop?.configure()
      })
    }

    get state(): QueueState {
      return this.#drop?.queue.state ?? 'empty'
    }

    get receipts(): readonly DropReceipt[] {
      return this.#drop?.receipts ?? []
    }

    addFiles(files: Iterable<File>): void {
      this.#drop?.add([...files])
    }

    send(): void {
      this.#drop?.send()
    }

    pause(): void {
      this.#drop?.queue.pause()
    }

    resume(): void {
      this.#drop?.queue.resume()
    }
  }
  for (const name of properties) Object.defineProperty(made.prototype, name, accessorOf(name))
  return made
}

/** An element of the class above. */
type Element = HTMLElement & { given: Given; changed(): void }

const accessorOf = (name: (typeof properties)[number]): PropertyDescriptor => ({
  configurable: true,
  enumerable: true,
  get(this: Element) {
    return this.given[name]
  },
  set(this: Element, value: unknown) {
    if (this.given[name] === value) return // frameworks set all of them again
    Reflect.set(this.given, name, value)
    this.changed()
  },
})

/** A property that was set before the element was defined hides the one of its class. */
function upgrade(element: HTMLElement, name: (typeof properties)[number]): void {
  if (!Object.hasOwn(element, name)) return
  const value: unknown = Reflect.get(element, name)
  Reflect.deleteProperty(element, name)
  Reflect.set(element, name, value)
}

function dropOf(
  host: Element,
  { tables, sheet }: { readonly tables: Languages; readonly sheet: CSSStyleSheet },
): Drop {
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [sheet]
  const told = {
    settings: () => settingsOf(host),
    language: () => languageAt(host),
    tables: () => ({ ...tables, ...host.given.messages }),
    tell: (type: string, detail: object) => {
      host.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }))
    },
  }
  return new Drop(told, root)
}

/** The settings of the page: of properties, and of attributes where there is no property. */
function settingsOf(element: Element): DropSettings {
  const { given } = element
  const { link, headers, records } = given
  const said = Object.entries(attributes).map(([attribute, name]) => [
    name,
    // frameworks take a text back by an empty one
    given[name] || element.getAttribute(attribute) || undefined,
  ])
  return { ...(Object.fromEntries(said) as DropSettings), link, headers, records }
}
