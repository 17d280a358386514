// Seal, look, send, verify: everything that touches Sealdrop is in this file.
'use strict'

{
  const { find, say, fill, mark } = stage
  const form = find('#claim')
  const maxFile = 1_048_576

  /** What this tab keeps of the sealed value: its text, the keys it was sealed to, what a receipt must name. */
  let current

  // The keys are believed for their thumbprints, which this page knows, and not for where they come from. One key set for
  // each choice of key, made when it first seals: on a page over plain http that fails, and the page says so.
  const keySets = {}
  const keySetFor = (alg) => (keySets[alg] ??= sealdrop.fetchKeySet('/.well-known/jwks.json', { trust: sealdrop.pinned(JSON.parse(find('meta[name=sealdrop-pins]').content)), prefer: [alg] }))

  async function seal() {
    if (!globalThis.sealdrop) throw failure('not_loaded', 'The library did not load, or is not the one that this page expects, so nothing can be sealed')
    const mine = (current = {})
    const { part, key, ...fields } = Object.fromEntries(new FormData(form))
    const value = part === 'file' ? await bytesOf(fields.file) : fields
    const keys = keySetFor(key)
    const jwe = await sealdrop.seal(keys, value, { context: { form: 'insurance-claim', part } })
    const sent = await sealdrop.inspect(jwe)
    const recipient = (await keys.list()).find(({ thumbprint }) => thumbprint === sent.recipients[0])
    const length = part === 'file' ? value.length : new TextEncoder().encode(JSON.stringify(value)).length
    const digest = part === 'file' ? hex(await crypto.subtle.digest('SHA-256', value)) : undefined
    if (current !== mine) return // the form changed meanwhile
    Object.assign(mine, { keys, jwe, sent, digest })
    fill('sealed', cards.sealed({ jwe, key: recipient, trust: keys.trust, context: sent.context, length }))
    mark(2, `Sealed in this tab: ${view.number(jwe.length)} characters. Nothing has been sent yet.`)
    stage.bringIntoView('sealed')
  }

  async function bytesOf(file) {
    if (file.size > maxFile) throw failure('too_large', `This file has ${view.size(file.size)}; at most 1 MiB fits into one sealed value. Choose a smaller one`)
    return new Uint8Array(await file.arrayBuffer())
  }

  async function send() {
    const mine = current
    const answer = await post(mine.jwe)
    const proof = await sealdrop.verifyReceipt(mine.keys, answer.receipt, { sent: mine.sent })
    if (current !== mine) return
    mine.receipt = answer.receipt
    fill('opened', cards.opened(answer, mine.digest))
    fill('receipt', cards.receipt({ receipt: answer.receipt, proof, sent: mine.sent }))
    say('receipt')
    mark(4, 'Opened by the company through KMS. Its receipt is verified.')
    stage.bringIntoView('opened')
  }

  async function sendChanged() {
    const { text, at, from, to } = sealedText.changed(current.jwe, 'body')
    await refusal('sealed', () => post(text), `One bit of the ciphertext changed: ${from} became ${to}.`, sealedText.coloured(text, 'The changed value', at))
  }

  async function changeReceipt() {
    const { keys, receipt, sent } = current
    const { text, at, from, to } = sealedText.changed(receipt, 'body')
    await refusal('receipt', () => sealdrop.verifyReceipt(keys, text, { sent }), `One character of the claims changed: ${from} became ${to}.`, sealedText.coloured(text, 'The changed receipt', at))
  }

  async function post(jwe) {
    const response = await fetch('/api/messages', { method: 'POST', headers: { 'content-type': 'application/jose' }, body: jwe }).catch(() => {
      throw failure('unreachable', 'The company’s server does not answer. Is the demo still running?')
    })
    const answer = await response.json().catch(() => ({ code: 'unexpected', message: `The company’s server answered with status ${response.status}` }))
    if (!response.ok || !answer.receipt) throw Object.assign(failure(answer.code, answer.message), { kmsCalls: answer.kmsCalls })
    return answer
  }

  /** Shows the refusal that a changed text must meet; were it taken, that would be the failure. */
  async function refusal(place, work, what, token) {
    const error = await work().then(() => failure('accepted', 'This should have been refused'), (refused) => refused)
    if (error.code !== 'rejected') throw error
    const calls = error.kmsCalls === undefined ? 'This page found out by itself.' : `KMS was asked ${error.kmsCalls === 1 ? 'once' : `${error.kmsCalls} times`}, and nothing was read.`
    say(place, view.refused(error, `${what} ${calls}`, token))
  }

  const failure = (code, message) => Object.assign(new Error(message), { code })
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('')

  /** What was sealed is no longer what stands in the form. */
  function forget() {
    current = undefined
    stage.clear()
  }

  form.addEventListener('input', forget)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    forget()
    stage.run(find('#seal'), 'write', seal)
  })
  const onClick = (id, place, action) => find(id).addEventListener('click', ({ currentTarget }) => stage.run(currentTarget, place, action))
  onClick('#send', 'sealed', send)
  onClick('#send-changed', 'sealed', sendChanged)
  onClick('#change-receipt', 'receipt', changeReceipt)
}
