// The publisher's page. It asks for the keys, shows them, and does one thing at a time.
'use strict'

{
  const { find, say } = stage
  const { el, code } = view
  const { short, plural, moment, away } = keyWords
  const type = 'application/vnd.sealdrop.publisher+json'

  const post = (action, body) =>
    company.ask('POST', `/api/publisher/${action}`, { type, body: JSON.stringify(body) })

  const nameOf = (key) => (key.length === 43 ? code(short(key)) : el('span', { class: 'tag' }, key))
  const names = (keys) => keys.flatMap((key) => [nameOf(key), ' '])

  function show({ root, purposes, steps, shift, now: iso }) {
    const now = new Date(iso)
    if (shift !== undefined) demoClock.moved(shift)
    const due = steps.filter(({ notBefore }) => new Date(notBefore) <= now).length
    find('#due').replaceChildren(
      ...(due > 0
        ? [`${plural(due, 'step')} due now.`]
        : ['Nothing is due before ', moment(steps[0].notBefore), '.']),
    )
    find('#steps').replaceChildren(
      ...keyWords
        .grouped(steps)
        .map(({ kind, notBefore, whys, keys }) =>
          el(
            'tr',
            { role: 'row', data: { due: String(new Date(notBefore) <= now) } },
            el('td', { role: 'cell' }, el('b', {}, away(notBefore, now)), ' ', moment(notBefore)),
            el('td', { role: 'cell' }, `${keyWords.steps[kind][0]} `, ...names(keys)),
            el('td', { role: 'cell' }, whys.map(keyWords.sentence).join(' ')),
          ),
        ),
    )
    find('#root').replaceChildren(code(root.alias), ' (', code(short(root.thumbprint)), ')')
    const opened = [...document.querySelectorAll('details[id][open]')].map(({ id }) => id)
    find('#purposes').replaceChildren(
      keyCards.legend(),
      ...purposes.map((purpose) => keyCards.purpose(purpose, { steps, now }, act)),
    )
    for (const id of opened) document.getElementById(id)?.setAttribute('open', '')
  }

  /** The result of an action, in a card. It stays until the next one. */
  function tell(box, ...nodes) {
    box.replaceChildren(el('p', { class: 'verified', tabIndex: -1 }, ...nodes))
    find('#status').textContent = box.textContent
  }

  const outcomes = {
    retire: ({ disabled, keepUntil }) => [
      el('b', {}, disabled ? 'Disabled.' : 'Kept.'),
      disabled ? ' Nothing opens with it until it is restored.' : ' It is not disabled before ',
      !disabled && moment(keepUntil),
      !disabled && '.',
    ],
    revoke: ({ replacedBy }) => [
      el('b', {}, 'Taken back.'),
      ' Nothing that it signed counts, unless who verifies held it before.',
      replacedBy && ' Now ',
      replacedBy && nameOf(replacedBy),
      replacedBy && ' signs in its place.',
    ],
    delete: ({ deletes, unreadable }) => [
      el('b', {}, 'Its deletion runs.'),
      ' Final on ',
      moment(deletes),
      '. Then nobody can read ',
      keyWords.readable(unreadable),
      '.',
    ],
    restore: () => [el('b', {}, 'Restored.'), ' It is enabled, and retired as before.'],
  }

  const act = {
    run: (button, { thumbprint }, action, body) =>
      stage.run(button, thumbprint, async () => {
        find(`[data-outcome="${thumbprint}"]`).replaceChildren()
        const { outcome, overview } = await post(action, body)
        show(overview)
        const box = find(`[data-outcome="${thumbprint}"]`)
        box.closest('.earlier')?.setAttribute('open', '')
        tell(box, ...outcomes[action](outcome).filter(Boolean))
        // the button that had the focus is gone
        box.firstElementChild.focus({ preventScroll: true })
        box.scrollIntoView({ block: 'nearest' })
      }),
    copy: (button, thumbprint) =>
      stage.run(button, thumbprint, async () => {
        await navigator.clipboard.writeText(thumbprint)
        button.textContent = 'Copied'
        find('#status').textContent = 'The thumbprint is copied.'
        setTimeout(() => {
          button.textContent = 'Copy'
        }, 2000)
      }),
  }

  const sentences = (steps) =>
    keyWords
      .grouped(steps)
      .map(({ kind, keys }) => el('li', {}, `${keyWords.steps[kind][1]}: `, ...names(keys)))

  stage.onClick('#rotate', 'plan', async () => {
    try {
      const {
        outcome: { done },
        overview,
      } = await post('rotate', {})
      show(overview)
      tell(
        find('#done'),
        el('b', {}, done.length > 0 ? `${plural(done.length, 'step')} done.` : 'Nothing was due.'),
        el('ul', {}, ...sentences(done)),
      )
    } catch (error) {
      await load() // what was done before it failed
      throw error
    }
  })

  for (const id of ['#day', '#three-months']) {
    stage.onClick(id, 'plan', async () => {
      const { overview } = await post('clock', { by: find(id).value })
      find('#done').replaceChildren()
      show(overview)
      find('#status').textContent = `The clock was moved. ${find('#due').textContent}`
    })
  }

  const load = async () => show(await company.ask('GET', '/api/publisher'))
  load().catch((error) => say('plan', view.problem('The keys cannot be shown', error)))
}
