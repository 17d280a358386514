// What the page of the element does beside it: it says which keys are believed, and asks the company
// to open what arrived. A page of yours needs the first half only.
'use strict'

{
  const box = document.querySelector('sealdrop-drop')
  const { el, code, size } = view
  const jsonType = 'application/vnd.sealdrop.demo+json'

  if (globalThis.sealdrop)
    box.keys = sealdrop.fetchKeySet('/.well-known/jwks.json', {
      trust: sealdrop.pinned(company.given('pins')),
      now: demoClock.now,
    })

  box.addEventListener('sealdrop-done', ({ detail }) => {
    document.querySelector('#waiting').hidden = true
    const answer = el('span', {}, 'arrived')
    const button = el('button', { type: 'button' }, 'Open at the company')
    const row = el('li', {}, el('b', {}, detail.name), ' ', answer, ' ', button)
    document.querySelector('#opened').append(row)
    button.addEventListener('click', () => open(detail, { answer, button }))
  })

  async function open({ key, digest }, { answer, button }) {
    button.disabled = true
    answer.textContent = 'is being opened …'
    try {
      const path = `/api/files/${key.split('/').at(-1)}/open`
      const { seen } = await company.ask('POST', path, { type: jsonType, body: '{}' })
      answer.replaceChildren(
        `opened: ${size(seen.size)}, called ${seen.name}, SHA-256 `,
        code(seen.sha256),
      )
      button.remove()
      document.dispatchEvent(new CustomEvent('opened', { detail: { digest, seen } }))
    } catch (error) {
      answer.textContent = `could not be opened: ${error.message} (${error.code})`
      button.disabled = false
    }
  }
}
