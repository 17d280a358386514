// Saves the receipt as a file, to be verified years later on the page for receipts.
//
// The file has the signed key set in it. A pin says nothing about a key that a page of the future
// does not know, while the root that signed the set stays.
'use strict'

globalThis.saveReceipt = (() => {
  let keys
  const signed = () =>
    (keys ??= sealdrop.fetchKeySet('/.well-known/jwks.json', {
      trust: sealdrop.signedBy([company.given('root')]),
      now: demoClock.now,
    }))

  /**
   * Verifies the receipt once more, by the signed set, and hands the file to the browser as a
   * download.
   */
  async function save({ receipt, sent }) {
    const text = await sealdrop.receiptFile(signed(), receipt, { sent })
    const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    const download = `receipt-${sent.messageId.slice(0, 8)}.json`
    view.el('a', { href, download }).click()
    setTimeout(() => URL.revokeObjectURL(href), 60_000)
    return view.el(
      'p',
      { class: 'note saved' },
      view.el('b', {}, 'Saved as '),
      view.code(download),
      '. It can be ',
      view.el('a', { href: '/receipt.html' }, 'verified by itself'),
      ', also when its key is long gone.',
    )
  }

  return save
})()
