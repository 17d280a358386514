/** Text only ever becomes text, and no attribute is a style: Trusted Types and CSP allow all of it. */
type Child = Node | string

/** What an element of the box is made with. */
export type Attributes = Readonly<Record<string, string>>

/** An element with attributes and children. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

/** A drawing of lines, which says nothing to a screen reader. */
export function icon(path: string): SVGSVGElement {
  const at = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(at, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const line = document.createElementNS(at, 'path')
  line.setAttribute('d', path)
  svg.append(line)
  return svg
}

/** Drawings of a lock, an arrow into a tray, a cross, and a tick. */
export const icons = {
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6zM12 14.5v2.5',
  tray: 'M12 4v10M8 8l4-4 4 4M4 15v5h16v-5',
  cross: 'M6 6l12 12M18 6L6 18',
  tick: 'M5 13l4.5 4.5L19 7',
} as const

/** Changes a text only where it differs, since each change may be read aloud. */
export function write(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** A button that says in words what it does. */
export function button(attributes: Attributes, onClick: () => void): HTMLButtonElement {
  const node = el('button', { type: 'button', ...attributes })
  node.addEventListener('click', onClick)
  return node
}

/** Replaces children only where something else is shown now. */
export function fill(node: Element, children: readonly Child[]): void {
  const text = children.map((child) => (typeof child === 'string' ? child : child.textContent))
  if (node.childElementCount === children.length && node.textContent === text.join('')) return
  node.replaceChildren(...children)
}
