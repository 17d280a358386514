import type { DropActions, DropPart } from '../model.js'
import { button, el, icon, icons, write } from './dom.js'

/** Where files are chosen and dropped. */
export function zonePart({ add, drop }: DropActions): DropPart {
  const input = (attributes: Record<string, string>): HTMLInputElement => {
    const node = el('input', { type: 'file', hidden: '', autocomplete: 'off', ...attributes })
    node.addEventListener('change', () => {
      add([...(node.files ?? [])])
      node.value = '' // or the same file could not be chosen once more
    })
    return node
  }
  const [files, folder] = [input({ multiple: '' }), input({ webkitdirectory: '' })]
  const choose = button({ part: 'button choose', class: 'strong' }, () => files.click())
  const chooseFolder = button({ part: 'button choose-folder' }, () => folder.click())
  const hint = el('p', { class: 'soft' })
  const buttons = el('div', { class: 'row' }, choose, chooseFolder, files, folder)
  const node = el('div', { part: 'zone', class: 'zone' }, icon(icons.tray), buttons, hint)
  let texts = { drop: '', dropNow: '' }
  listen(node, drop, (isOver) => {
    node.toggleAttribute('data-over', isOver)
    write(hint, isOver ? texts.dropNow : texts.drop)
  })
  return {
    body: node,
    update({ language, unready }) {
      node.hidden = unready !== undefined
      texts = language.texts
      write(choose, language.texts.choose)
      write(chooseFolder, language.texts.chooseFolder)
      if (!node.hasAttribute('data-over')) write(hint, texts.drop)
    },
  }
}

/** Files that are dropped. The browser would open them in place of the page otherwise. */
function listen(
  node: HTMLElement,
  drop: DropActions['drop'],
  show: (isOver: boolean) => void,
): void {
  const holdsFiles = ({ dataTransfer }: DragEvent): boolean =>
    !!dataTransfer?.types.includes('Files')
  for (const type of ['dragenter', 'dragover'] as const)
    node.addEventListener(type, (event) => {
      if (!holdsFiles(event)) return
      event.preventDefault()
      show(true)
    })
  node.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && node.contains(relatedTarget))) show(false)
  })
  node.addEventListener('drop', (event) => {
    if (!event.dataTransfer || !holdsFiles(event)) return
    event.preventDefault()
    show(false)
    drop(event.dataTransfer)
  })
}
