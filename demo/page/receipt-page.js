// The page for receipts: reads the file, asks the history, and says what came of it.
'use strict'

{
  const { find, fill, say } = stage
  const input = find('#file')
  const longest = 400_000 // the same limit as in the library: a longer file is not even read

  /** The chosen file: its text, once it was read. */
  let current = {}
  let trusts

  /**
   * The trust and the history, made when they are first needed. The trust remembers the newest
   * history, and an older one does not undo that.
   */
  function trusted() {
    if (!globalThis.sealdrop) throw company.failure('not_loaded', 'the library did not load')
    const root = company.given('root')
    return (trusts ??= {
      file: sealdrop.signedBy([root]),
      history: sealdrop.signedBy([root], { history: true }),
    })
  }

  /** Verifies by what the history says now, so the history is asked each time. */
  async function verify(file, heldSince) {
    const trust = trusted()
    const history = sealdrop.fetchKeySet('/.well-known/history.jwks.json', {
      trust: trust.history,
      now: demoClock.now,
    })
    const proof = await sealdrop.verifyReceiptFile(file, { trust: trust.file, history, heldSince })
    return { proof, known: await history.list(), receipt: JSON.parse(file).receipt }
  }

  /** A date counts only where it is needed, so it is left out at first. */
  async function show(heldSince) {
    const mine = current
    try {
      const plain = await verify(mine.text).catch((error) => {
        if (error.code !== 'key_unusable' || !heldSince) throw error
        return verify(mine.text, heldSince).then((found) => ({ ...found, heldSince }))
      })
      if (mine === current) answer('verified', receiptCards.verified(plain), 'Verified.')
    } catch (error) {
      if (mine === current) refuse(error)
    }
  }

  function refuse(error) {
    const shown =
      typeof error?.code === 'string'
        ? error
        : company.failure('unexpected', String(error?.message))
    answer(
      shown.code === 'key_unusable' ? 'taken-back' : 'refused',
      receiptCards.refused(shown),
      `${receiptWords.verdict(shown)} ${receiptWords.of(shown)[0]}.`,
    )
  }

  function answer(outcome, nodes, words) {
    fill('answer', nodes, outcome)
    find('[data-card=choose]').dataset.state = 'done'
    find('[data-card=answer]').dataset.state = outcome === 'verified' ? 'done' : 'now'
    find('[data-card=answer]').dataset.outcome = outcome
    find('#status').textContent = words
    stage.bringIntoView('answer')
  }

  async function read() {
    const mine = (current = {})
    const [file] = input.files
    say('answer')
    find('#held-since').value = ''
    if (!file) return
    find('#file-name').textContent = `${file.name} (${view.size(file.size)})`
    if (file.size > longest)
      return refuse(company.failure('too_large', `expected at most ${view.number(longest)} bytes`))
    mine.text = await file.text()
    if (mine === current) await show()
  }

  /** Changes the receipt in the file, and nothing else. */
  async function change() {
    const file = JSON.parse(current.text)
    const { text: receipt, at, from, to } = sealedText.changed(file.receipt, 'body')
    const error = await verify(JSON.stringify({ ...file, receipt })).then(
      () => company.failure('accepted', 'This should have been refused'),
      (refused) => refused,
    )
    if (error.code !== 'rejected') throw error
    say(
      'answer',
      view.refused(
        error,
        `One character of the claims changed: ${from} became ${to}. This page found out by itself.`,
        sealedText.coloured(receipt, 'The changed receipt', at),
      ),
    )
  }

  // at once: another file may still be at work
  input.addEventListener('change', () => read().catch(refuse))
  stage.onClick('#again', 'answer', () => show())
  stage.onClick('#change', 'answer', change)
  find('#held').addEventListener('submit', (event) => {
    event.preventDefault()
    void stage.run(find('#verify-held'), 'answer', async () => {
      await show(new Date(`${find('#held-since').value}T00:00`))
      // the button that had the focus may be gone
      find('[data-card=answer] .result').firstElementChild.focus({ preventScroll: true })
    })
  })

  // a file that misses the area must not replace the page
  const drop = find('.drop')
  for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault())
  drop.addEventListener('dragover', () => {
    drop.dataset.over = ''
  })
  drop.addEventListener('dragleave', () => {
    delete drop.dataset.over
  })
  drop.addEventListener('drop', ({ dataTransfer }) => {
    delete drop.dataset.over
    if (dataTransfer.files.length === 0) return
    input.files = dataTransfer.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  })
}
