// What is on the screen: cards, progress, and one action at a time with its failure beside it.
'use strict'

globalThis.stage = (() => {
  const order = ['write', 'sealed', 'opened', 'receipt']
  const find = (selector) => document.querySelector(selector)
  const card = (name) => find(`[data-card=${name}]`)
  const calm = matchMedia('(prefers-reduced-motion: reduce)')

  /**
   * Says something at the end of a card, where its buttons are. Without nodes it clears what was
   * said.
   */
  const say = (name, ...nodes) => find(`[data-problems="${name}"]`).replaceChildren(...nodes)

  /**
   * Fills a card and shows what can be done with it, either for one `part` of the form or for any.
   */
  function fill(name, nodes, part) {
    card(name)
      .querySelector('.result')
      .replaceChildren(...nodes)
    for (const after of card(name).querySelectorAll('.after'))
      after.hidden = nodes.length === 0 || (after.dataset.for ?? part) !== part
    for (const before of card(name).querySelectorAll('.waiting')) before.hidden = nodes.length > 0
  }

  function stateOf(step, done) {
    if (step === done) return 'now'
    return step < done ? 'done' : 'later'
  }

  /**
   * Marks the first `done` steps as done and the next one as the one to do. Screen readers read out
   * `status`.
   */
  function mark(done, status) {
    order.forEach((step, i) => {
      const state = stateOf(i, done)
      find(`[data-step=${step}]`).ariaCurrent = state === 'now' ? 'step' : null
      for (const node of [find(`[data-step=${step}]`), card(step)]) node.dataset.state = state
    })
    find('#status').textContent = status
  }

  const bringIntoView = (name) =>
    card(name).scrollIntoView({ block: 'nearest', behavior: calm.matches ? 'auto' : 'smooth' })

  /** Empties everything after the form. */
  function clear() {
    for (const name of order.slice(1)) fill(name, [])
    for (const name of order) say(name)
    mark(0, '')
  }

  let busy = false

  /**
   * Runs one action at a time. Its button stays enabled, because a disabled one would lose the
   * focus.
   */
  async function run(button, place, action) {
    if (busy) return
    busy = true
    button.dataset.busy = ''
    say(place)
    try {
      await action()
    } catch (error) {
      say(
        place,
        view.problem(
          'That did not work',
          typeof error?.code === 'string'
            ? error
            : { code: 'unexpected', message: String(error?.message) },
        ),
      )
    } finally {
      busy = false
      delete button.dataset.busy
    }
  }

  const onClick = (id, place, action) =>
    find(id).addEventListener('click', ({ currentTarget }) => run(currentTarget, place, action))

  return { find, say, fill, mark, clear, run, onClick, bringIntoView }
})()
