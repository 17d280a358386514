import { filled } from '../messages/messages.js'
import type { DropActions, DropModel, DropPart } from '../model.js'
import type { Item } from '../queue.js'
import { button, el, icon, icons, write } from './dom.js'
import { codeOf, errorText } from './words.js'

interface Row {
  readonly body: HTMLLIElement
  readonly remove: HTMLButtonElement
  update(item: Item<File>, model: DropModel): void
}

/** The files, each with its progress. */
export function listPart(actions: DropActions): DropPart {
  const node = el('ul', { part: 'queue', class: 'list', role: 'list' })
  const rows = new Map<number, Row>()
  return {
    body: node,
    update(model) {
      const gone = new Set(rows.keys())
      for (const item of model.items) {
        gone.delete(item.id)
        const row = rows.get(item.id) ?? rowOf(item, actions)
        if (!rows.has(item.id)) node.append(row.body)
        rows.set(item.id, row)
        row.update(item, model)
      }
      for (const id of gone) leave(rows, id)
      node.hidden = rows.size === 0
      node.setAttribute('aria-label', model.language.texts.list)
      // a list that scrolls can be scrolled by keys
      if (node.scrollHeight > node.clientHeight + 1) node.tabIndex = 0
      else node.removeAttribute('tabindex')
    },
  }
}

/** Takes a row away. The focus goes to the row that takes its place. */
function leave(rows: Map<number, Row>, id: number): void {
  const row = rows.get(id)
  rows.delete(id)
  if (!row) return
  const had = row.body.contains((row.body.getRootNode() as ShadowRoot).activeElement)
  const { nextElementSibling: next, previousElementSibling: before } = row.body
  row.body.remove()
  if (had) (next ?? before)?.querySelector<HTMLElement>('.remove')?.focus()
}

function rowOf({ id, path, file }: Item<File>, { remove, retry }: DropActions): Row {
  const folders = path.slice(0, path.length - file.name.length)
  const size = el('span', { class: 'soft' })
  const state = el('span', { class: 'state' })
  const code = el('code', { lang: 'en' })
  const bar = el('progress', { part: 'progress', max: '1' })
  const again = button({ part: 'button retry', class: 'small' }, () => retry(id))
  const away = button({ part: 'remove', class: 'remove' }, () => remove(id))
  away.append(icon(icons.cross))
  const name = el('bdi', { class: 'name' }, el('span', { class: 'soft' }, folders), file.name)
  const node = el(
    'li',
    { part: 'item' },
    el('div', { class: 'tick' }, icon(icons.tick)),
    el('div', { class: 'about' }, name, el('p', {}, size, state, ' ', code), bar),
    again,
    away,
  )
  return {
    body: node,
    remove: away,
    update(item, { language }) {
      const { texts, formats } = language
      node.dataset['state'] = item.state
      write(size, formats.size(item.file.size))
      write(state, stateOf(item, { language }))
      write(code, item.state === 'failed' ? codeOf(item.error) : '')
      const share = item.file.size > 0 ? item.done / item.file.size : Number(item.state === 'done')
      bar.value = share
      bar.hidden = !['sending', 'paused'].includes(item.state)
      bar.setAttribute('aria-label', path)
      write(again, texts.retry)
      again.setAttribute('aria-label', `${texts.retry}: ${path}`)
      again.hidden = item.state !== 'failed'
      away.setAttribute('aria-label', filled(texts.removeFile, { name: path }))
      away.hidden = item.state === 'done'
    },
  }
}

function stateOf(item: Item<File>, { language: { texts, formats } }: Pick<DropModel, 'language'>) {
  if (item.state === 'failed') return errorText(item.error, texts)
  if (item.state === 'waiting' && item.resumes) return texts.states.resumes
  const word = texts.states[item.state]
  if (item.state !== 'sending' || item.file.size === 0) return word
  return `${word} · ${formats.percent(item.done / item.file.size)}`
}
