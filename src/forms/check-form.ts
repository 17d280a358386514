import { ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'

/** What a browser sends by itself where the page's script did not load or failed. */
const dangers = [
  ['action', 'form'],
  ['formaction', 'button'],
  ['formmethod', 'button'],
] as const

/**
 * Refuses a form that a browser could submit by itself, with what was typed.
 *
 * - `method="dialog"` sends nothing: neither Enter nor a button does, with or without a script
 *
 * @throws SealdropError `invalid_argument`, which says what to write
 * @see HTML, "Form submission algorithm", the method dialog
 */
export function checkForm(form: HTMLFormElement): void {
  ensure(
    kindOf(form) === 'HTMLFormElement',
    'invalid_argument',
    `form: expected a <form> of the page, found ${kindOf(form)}`,
  )
  const method = attributeOf(form, 'method')
  for (const [attribute, tag] of dangers) {
    const bearers = tag === 'form' ? [form] : buttonsOf(form)
    ensure(
      !bearers.some((element) => attributeOf(element, attribute) !== null),
      'invalid_argument',
      `form: its ${tag} has ${attribute}, by which the browser sends what was typed ` +
        'where the script fails: remove it, and call fetch with what sealForm answers',
    )
  }
  ensure(
    method?.trim().toLowerCase() === 'dialog',
    'invalid_argument',
    'form: expected method="dialog", with which the browser sends nothing by itself, ' +
      `found ${method === null ? 'none' : shown(method)}`,
  )
}

/** Asks by Element's own method: a control of the form may have its name, and stand in its place. */
const attributeOf = (element: Element, name: string): string | null =>
  Reflect.apply(Reflect.get(Element.prototype, 'getAttribute'), element, [name]) as string | null

/** What can submit the form. `elements` of a form leaves buttons of images out. */
function buttonsOf(form: HTMLFormElement): readonly Element[] {
  const root = Reflect.apply(Reflect.get(Node.prototype, 'getRootNode'), form, []) as ParentNode
  const find = Reflect.get(Object.getPrototypeOf(root) as ParentNode, 'querySelectorAll')
  const found = Reflect.apply(find, root, ['button, input']) as NodeListOf<
    HTMLButtonElement | HTMLInputElement
  >
  return [...found].filter((button) => button.form === form)
}
