/** What the page around an element tells it. */
export interface Surrounded {
  readonly onLanguage: () => void
  readonly onNetwork: () => void
  /** Whether leaving the page would interrupt something. */
  readonly isBusy: () => boolean
}

/** Listens to the page for as long as an element stands in it. */
export class Surroundings {
  readonly #tell: Surrounded
  #stop: AbortController | undefined
  #language: MutationObserver | undefined

  constructor(tell: Surrounded) {
    this.#tell = tell
  }

  begin(): void {
    const { onLanguage, onNetwork, isBusy } = this.#tell
    const { signal } = (this.#stop = new AbortController())
    for (const type of ['online', 'offline']) addEventListener(type, onNetwork, { signal })
    addEventListener('beforeunload', (event) => isBusy() && event.preventDefault(), { signal })
    this.#language = new MutationObserver(onLanguage)
    this.#language.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ['lang'],
    })
  }

  end(): void {
    this.#stop?.abort()
    this.#language?.disconnect()
  }
}

/** The `lang` that counts here: also of what stands around the shadow tree that it is in. */
export function languageAt(element: Element): string {
  const near = element.closest<HTMLElement>('[lang]')
  if (near) return near.lang
  const root = element.getRootNode()
  return root instanceof ShadowRoot ? languageAt(root.host) : 'en'
}
