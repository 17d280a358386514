// The receipt card. It also shows both kinds of tampering, which have to be refused.
'use strict'

globalThis.receiptCard = (() => {
  const { say, fill } = stage
  let shown

  /**
   * Verifies a receipt and answers what `show` takes. The signature must be right, and it must be
   * about what was sent.
   */
  async function verify({ keys, receipt, sent }) {
    return { keys, receipt, sent, proof: await sealdrop.verifyReceipt(keys, receipt, { sent }) }
  }

  /** @param earlier - one of the same file that was verified before */
  function show(verified, earlier) {
    shown = verified
    fill('receipt', cards.receipt({ ...verified, earlier }))
    say('receipt')
  }

  /**
   * Shows the refusal of something that was changed. If it were accepted, that would be the
   * failure.
   *
   * @param o.what - was changed, in words
   * @param o.token - the changed text
   * @param o.read - what became of what was read until then
   */
  async function refusal(place, work, { what, token, read = 'nothing was read' }) {
    const error = await work().then(
      () => company.failure('accepted', 'This should have been refused'),
      (refused) => refused,
    )
    if (error.code !== 'rejected') throw error
    say(place, view.refused(error, `${what} ${whoFoundOut(error, read)}`, token))
  }

  function whoFoundOut({ kmsCalls }, read) {
    if (kmsCalls === undefined) return 'This page found out by itself.'
    return `KMS was asked ${kmsCalls === 1 ? 'once' : `${kmsCalls} times`}, and ${read}.`
  }

  async function change() {
    const { keys, receipt, sent } = shown
    const { text, at, from, to } = sealedText.changed(receipt, 'body')
    await refusal('receipt', () => sealdrop.verifyReceipt(keys, text, { sent }), {
      what: `One character of the claims changed: ${from} became ${to}.`,
      token: sealedText.coloured(text, 'The changed receipt', at),
    })
  }

  stage.onClick('#change-receipt', 'receipt', change)
  stage.onClick('#save-receipt', 'receipt', async () => say('receipt', await saveReceipt(shown)))
  return { verify, show, refusal }
})()
