import type { KeyInfo } from '../../keys/key.js'
import { filled } from '../messages/messages.js'
import type { BelievedKeys, DropActions, DropModel, DropPart } from '../model.js'
import { button, el, fill, icon, icons, write } from './dom.js'
import { codeOf, detailOf, errorText } from './words.js'

/** Who can open the files, and why that is believed; or why nothing can be sent. */
export function whoPart({ checkKeys }: DropActions): DropPart {
  const title = el('p', { class: 'who-title' })
  const facts = el('dl', { part: 'keys' })
  const problem = el('div', { role: 'alert', part: 'problem', class: 'problem-text' })
  const again = button({ part: 'button retry' }, checkKeys)
  const words = el('div', {}, title, facts, problem, again)
  const node = el('div', { part: 'who', class: 'who' }, icon(icons.lock), words)
  return {
    body: node,
    update(model) {
      const { texts } = model.language
      const { keys, unready } = model
      const isBad = unready !== undefined || keys.state === 'failed'
      node.toggleAttribute('data-problem', isBad)
      write(title, titleOf(model))
      fill(facts, keys.state === 'believed' && !unready ? factsOf(keys.sets, model) : [])
      fill(problem, problemOf(model))
      write(again, texts.retry)
      again.hidden = unready !== undefined || keys.state !== 'failed'
    },
  }
}

function titleOf({ company, keys, unready, language: { texts } }: DropModel): string {
  if (unready) return texts.setup
  if (keys.state === 'failed') return texts.keysFailed
  if (keys.state === 'checking') return texts.checking
  return company ? filled(texts.whoFor, { company }) : texts.who
}

function problemOf(model: DropModel): Node[] {
  const [words, code] = problemLines(model)
  return [
    ...(words ? [el('p', {}, words)] : []),
    // for whoever made the page
    ...(code ? [el('p', {}, el('code', { lang: 'en' }, code))] : []),
  ]
}

function problemLines({ unready, keys, language }: DropModel): readonly string[] {
  const error = unready?.error ?? (keys.state === 'failed' && keys.error)
  if (!error) return []
  return [errorText(error, language.texts), unready ? detailOf(error) : codeOf(error)]
}

function factsOf(sets: readonly BelievedKeys[], { items, language: { texts } }: DropModel): Node[] {
  const used = new Set(items.flatMap(({ recipients }) => recipients.map((key) => key.thumbprint)))
  return sets.flatMap(({ keys, trust }) => {
    const chosen = keys.filter(({ thumbprint }) => used.has(thumbprint))
    const shown = chosen.length > 0 ? chosen : keys
    return [
      row(shown.length > 1 ? texts.keys : texts.key, shown.map(keyLine)),
      row(texts.why, [texts.trust[trust]]),
    ]
  })
}

const keyLine = ({ thumbprint, alg }: KeyInfo): HTMLElement =>
  el(
    'span',
    { class: 'key', part: 'key' },
    el('code', {}, thumbprint),
    ' ',
    el('code', { class: 'chip' }, alg),
  )

const row = (name: string, values: readonly (Node | string)[]): HTMLElement =>
  el('div', {}, el('dt', {}, name), el('dd', {}, ...values))
