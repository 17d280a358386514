import type { DropActions, DropPart } from '../model.js'
import { button, el, write } from './dom.js'

/** Uploads that a reload interrupted: the same file is asked for again. */
export function unfinishedPart({ forget }: DropActions): DropPart {
  const title = el('p', { class: 'outcome-title' })
  const lead = el('p', { class: 'soft' })
  const list = el('ul', { role: 'list' })
  const node = el('div', { part: 'unfinished', class: 'unfinished' }, title, lead, list)
  let shown = ''
  return {
    body: node,
    update({ unfinished, unready, language: { tag, texts, formats } }) {
      node.hidden = unfinished.length === 0 || unready !== undefined
      write(title, texts.unfinished)
      write(lead, texts.unfinishedLead)
      list.setAttribute('aria-label', texts.unfinished)
      const now = [tag, ...unfinished.map(({ messageId }) => messageId)].join()
      if (now === shown) return
      shown = now
      const date = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' })
      list.replaceChildren(
        ...unfinished.map(({ messageId, name = '…', size, created }) => {
          const away = button({ part: 'button forget', class: 'small' }, () => forget(messageId))
          away.textContent = texts.forget
          away.setAttribute('aria-label', `${texts.forget}: ${name}`)
          const about = `${formats.size(size)} · ${date.format(created)}`
          const words = el(
            'div',
            { class: 'about' },
            el('bdi', { class: 'name' }, name),
            el('p', {}, about),
          )
          return el('li', {}, words, away)
        }),
      )
    },
  }
}
