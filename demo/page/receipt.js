// The receipt card, and what both kinds of tampering have in common: they must be refused.
'use strict'

const receiptCard = (() => {
  const { say, fill } = stage
  let shown

  /** What `show` takes, when the signature is right and it is about what was sent. */
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
   * Shows the refusal that something changed must meet; were it taken, that would be the failure.
   */
  async function refusal(place, work, what, token, read = 'nothing was read') {
    const error = await work().then(
      () => company.failure('accepted', 'This should have been refused'),
      (refused) => refused,
    )
    if (error.code !== 'rejected') throw error
    const calls =
      error.kmsCalls === undefined
        ? 'This page found out by itself.'
        : `KMS was asked ${error.kmsCalls === 1 ? 'once' : `${error.kmsCalls} times`}, and ${read}.`
    say(place, view.refused(error, `${what} ${calls}`, token))
  }

  async function change() {
    const { keys, receipt, sent } = shown
    const { text, at, from, to } = sealedText.changed(receipt, 'body')
    await refusal(
      'receipt',
      () => sealdrop.verifyReceipt(keys, text, { sent }),
      `One character of the claims changed: ${from} became ${to}.`,
      sealedText.coloured(text, 'The changed receipt', at),
    )
  }

  stage.onClick('#change-receipt', 'receipt', change)
  stage.onClick('#save-receipt', 'receipt', async () => say('receipt', await saveReceipt(shown)))
  return { verify, show, refusal }
})()
