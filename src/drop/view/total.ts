import { filled } from '../messages/messages.js'
import type { DropActions, DropModel, DropPart } from '../model.js'
import { button, el, write } from './dom.js'

/** How far all files are. */
export function totalPart(): DropPart {
  const share = el('b')
  const amount = el('span', { class: 'amount' })
  const speed = el('span', { class: 'speed' })
  const bar = el('progress', { part: 'progress total', max: '1', class: 'whole' })
  const node = el('div', { part: 'total', class: 'total' }, el('p', {}, share, amount, speed), bar)
  return {
    body: node,
    update(model) {
      const { texts, formats } = model.language
      const { done, total } = model.progress
      const part = total > 0 ? done / total : Number(model.state === 'done')
      node.hidden = !['sending', 'paused'].includes(model.state)
      write(share, formats.percent(part))
      const values = { done: formats.size(done), total: formats.size(total) }
      write(amount, filled(texts.amount, values))
      write(speed, speedOf(model))
      bar.value = part
      bar.setAttribute('aria-label', texts.list)
    },
  }
}

function speedOf({ state, rate, progress, isOffline, language }: DropModel): string {
  const { texts, formats } = language
  if (state === 'paused') return texts.states.paused
  if (!isOffline && progress.done >= progress.total) return texts.finishing
  if (isOffline || rate.isStuck) return texts.offline
  const { speed } = rate
  const left = rate.left(progress.total)
  if (speed === undefined || left === undefined) return ''
  return `${formats.speed(speed)} · ${filled(texts.left, { time: formats.duration(left) })}`
}

/** The buttons of all files. Where one goes that had the focus, the one in its place gets it. */
export function actionsPart(actions: DropActions): DropPart {
  const send = button({ part: 'button send', class: 'main' }, actions.send)
  const resume = button({ part: 'button resume', class: 'main' }, actions.resume)
  const pause = button({ part: 'button pause', class: 'strong' }, actions.pause)
  const cancel = button({ part: 'button cancel' }, actions.cancel)
  const node = el('div', { part: 'actions', class: 'row' }, send, pause, resume, cancel)
  return {
    body: node,
    update({ state, items, keys, unready, language: { texts, formats } }) {
      const had = node.contains((node.getRootNode() as ShadowRoot).activeElement)
      const waiting = items.filter((item) => item.state === 'waiting').length
      write(send, `${texts.send}: ${formats.plural(texts.files, waiting)}`)
      write(pause, texts.pause)
      write(resume, texts.resume)
      write(cancel, texts.cancel)
      send.hidden = state !== 'ready'
      send.disabled = unready !== undefined || keys.state !== 'believed'
      pause.hidden = state !== 'sending'
      resume.hidden = state !== 'paused'
      cancel.hidden = !['ready', 'sending', 'paused'].includes(state)
      node.hidden = cancel.hidden
      if (had) [send, pause, resume].find(({ hidden }) => !hidden)?.focus()
    },
  }
}

/** What arrived, what did not, and the receipts to keep. */
export function outcomePart({ save }: DropActions): DropPart {
  const title = el('p', { class: 'outcome-title' })
  const words = el('p', { class: 'soft' })
  const keep = button({ part: 'button save', class: 'strong' }, save)
  const node = el('div', { part: 'receipts', class: 'outcome', tabindex: '-1' }, title, words, keep)
  return {
    body: node,
    update({ items, state, language: { texts, formats } }) {
      const count = (wanted: string): number => items.filter((item) => item.state === wanted).length
      const [arrived, failed] = [count('done'), count('failed')]
      const sentences = [
        ...(arrived > 0 ? [formats.plural(texts.arrived, arrived)] : []),
        ...(failed > 0 ? [formats.plural(texts.failed, failed)] : []),
      ]
      node.hidden = !['done', 'failed'].includes(state)
      node.toggleAttribute('data-failed', failed > 0)
      write(title, sentences.join('. '))
      write(words, arrived > 0 ? texts.receipts : '')
      write(keep, texts.save)
      keep.hidden = arrived === 0
    },
  }
}
