// What the page of the element does beside it: it says which keys are believed, and asks the company
// to open what arrived. A page of yours needs the first half only.
'use strict'

{
  const box = document.querySelector('sealdrop-drop')
  const { el, facts, code, note, problem, size } = view
  const jsonType = 'application/vnd.sealdrop.demo+json'

  if (globalThis.sealdrop)
    box.keys = sealdrop.fetchKeySet('/.well-known/jwks.json', {
      trust: sealdrop.pinned(company.given('pins')),
      now: demoClock.now,
    })

  box.addEventListener('sealdrop-done', ({ detail }) => {
    const { name, key, length } = detail
    const about = el('div', {}, sealedFacts(key, length))
    const button = el('button', { type: 'button' }, 'Open it with KMS')
    button.setAttribute('aria-label', `Open it with KMS: ${name}`)
    const row = el('li', {}, el('b', {}, name), about, button)
    document.querySelector('#opened').append(row)
    button.addEventListener('click', () => open(detail, { about, button }))
  })

  const sealedFacts = (key, length) =>
    facts([['In the bucket', code(key), el('br'), note(`${size(length)}, sealed`)]])

  async function open({ key, digest, file }, { about, button }) {
    button.disabled = true
    button.dataset.busy = ''
    try {
      const path = `/api/files/${key.split('/').at(-1)}/open`
      const { seen } = await company.ask('POST', path, { type: jsonType, body: '{}' })
      about.replaceChildren(openedFacts(seen, await sha256Of(file)))
      button.remove()
      document.dispatchEvent(new CustomEvent('opened', { detail: { digest, seen } }))
    } catch (error) {
      about.append(problem('It could not be opened', error))
      button.disabled = false
      delete button.dataset.busy
    }
  }

  const openedFacts = (seen, own) =>
    facts([
      ['Opened', `${seen.type}, ${size(seen.size)}`],
      ['Name', seen.name, el('br'), note('sealed in this tab, beside the file')],
      ['SHA-256', code(seen.sha256), el('br'), compared(seen.sha256, own)],
    ])

  function compared(theirs, own) {
    if (own === undefined) return note('The file is too large to be compared in this tab')
    const isSame = theirs === own
    const words = isSame
      ? 'The same as of the file in this tab'
      : 'Not that of the file in this tab'
    return el('span', { class: isSame ? 'good' : 'bad' }, words)
  }

  /** In hex; undefined where a tab should not hold the whole file. */
  async function sha256Of(file) {
    if (file.size > 256 * 2 ** 20) return undefined
    const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}
