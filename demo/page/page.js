// The page for a message. It seals, shows, sends and verifies it.
'use strict'

{
  const { find, fill, mark } = stage
  const form = find('#claim')

  /**
   * What this tab keeps of the sealed value: its text, the keys that it was sealed to, and what a
   * receipt must name.
   */
  let current

  async function seal() {
    const mine = (current = {})
    const { part, key, ...value } = Object.fromEntries(new FormData(form))
    const keys = company.keysFor(key)
    const jwe = await sealdrop.seal(keys, value, { context: { form: 'insurance-claim', part } })
    const sent = await sealdrop.inspect(jwe)
    const recipient = (await keys.list()).find(
      ({ thumbprint }) => thumbprint === sent.recipients[0],
    )
    if (current !== mine) return // the form changed meanwhile
    Object.assign(mine, { keys, jwe, sent })
    const { length } = new TextEncoder().encode(JSON.stringify(value))
    fill(
      'sealed',
      cards.sealed({ jwe, key: recipient, trust: keys.trust, context: sent.context, length }),
      part,
    )
    mark(2, `Sealed in this tab: ${view.number(jwe.length)} characters. Nothing has been sent yet.`)
    stage.bringIntoView('sealed')
  }

  async function send() {
    const mine = current
    const answer = await post(mine.jwe)
    const verified = await receiptCard.verify({
      keys: mine.keys,
      receipt: answer.receipt,
      sent: mine.sent,
    })
    if (current !== mine) return
    fill('opened', cards.opened(answer))
    receiptCard.show(verified)
    mark(4, 'Opened by the company through KMS. Its receipt is verified.')
    stage.bringIntoView('opened')
  }

  async function sendChanged() {
    const { text, at, from, to } = sealedText.changed(current.jwe, 'body')
    await receiptCard.refusal('sealed', () => post(text), {
      what: `One bit of the ciphertext changed: ${from} became ${to}.`,
      token: sealedText.coloured(text, 'The changed value', at),
    })
  }

  const post = (jwe) =>
    company.ask('POST', '/api/messages', { type: 'application/jose', body: jwe })

  /** What was sealed is no longer what is in the form. */
  form.addEventListener('input', () => {
    current = undefined
    stage.clear()
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    stage.clear()
    if (form.elements.part.value === 'message') void stage.run(find('#seal'), 'write', seal)
  })
  stage.onClick('#send', 'sealed', send)
  stage.onClick('#send-changed', 'sealed', sendChanged)
}
