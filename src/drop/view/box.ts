import { filled } from '../messages/messages.js'
import type { DropActions, DropModel, DropPart } from '../model.js'
import { el, write } from './dom.js'
import { listPart } from './list.js'
import { actionsPart, outcomePart, totalPart } from './total.js'
import { unfinishedPart } from './unfinished.js'
import { whoPart } from './who.js'
import { zonePart } from './zone.js'

/** The whole box, in the order in which it is read. */
export class Box {
  readonly body: HTMLElement
  readonly #title = el('p', { part: 'title', class: 'title', id: 'title' })
  readonly #lead = el('p', { part: 'lead', class: 'soft' })
  /** Read aloud: few sentences, and never one for each percent. */
  readonly #said = el('p', { role: 'status', class: 'hidden-text' })
  readonly #parts: readonly DropPart[]

  constructor(actions: DropActions) {
    this.#parts = [
      whoPart(actions),
      unfinishedPart(actions),
      zonePart(actions),
      listPart(actions),
      totalPart(),
      outcomePart(actions),
      actionsPart(actions),
    ]
    this.body = el(
      'div',
      { part: 'box', class: 'box', role: 'group', 'aria-labelledby': 'title' },
      el('div', {}, this.#title, this.#lead),
      ...this.#parts.map(({ body }) => body),
      this.#said,
    )
  }

  update(model: DropModel): void {
    const { company, language, state } = model
    const { texts, tag } = language
    this.body.lang = tag
    this.body.dataset['state'] = state
    write(this.#title, company ? filled(texts.titleFor, { company }) : texts.title)
    write(this.#lead, texts.lead)
    for (const part of this.#parts) part.update(model)
  }

  /** Says a sentence to who hears the page. */
  say(text: string): void {
    write(this.#said, text)
  }

  /** Puts the focus where it was lost because its button went. */
  keepFocus(hadFocus: boolean): void {
    const root = this.body.getRootNode() as ShadowRoot
    if (!hadFocus || root.activeElement) return
    const next = ['.outcome:not([hidden])', '.zone button'].map((selector) =>
      this.body.querySelector<HTMLElement>(selector),
    )
    next.find((node) => node !== null)?.focus({ preventScroll: true })
  }
}
