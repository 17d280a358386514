// What the page shows of a receipt file: what it proves, or why it does not count. These functions
// turn data into elements.
'use strict'

globalThis.receiptCards = (() => {
  const { el, facts, code, note, size } = view
  const { moment, ago, readable, plural } = keyWords

  const when = (date) => [moment(date), ` (${ago(date, demoClock.now())})`]
  const tags = (context) =>
    Object.entries(context).flatMap(([name, value]) => [
      el('span', { class: 'tag' }, `${name}: ${value}`),
      ' ',
    ])

  /**
   * What the history said, which is asked each time. `heldSince` is there when only this date made
   * the receipt count.
   */
  function historySays(known, heldSince) {
    if (!heldSince)
      return [
        el('span', { class: 'good' }, 'Asked now: the key is good.'),
        el('br'),
        note(
          `It is among the ${plural(known.length, 'signing key')} that the company ever published, and nobody took it back as compromised.`,
        ),
      ]
    const date = heldSince.toLocaleDateString(document.documentElement.lang, {
      dateStyle: 'medium',
    })
    return [
      el('span', { class: 'bad' }, 'Taken back since, and you held it before.'),
      el('br'),
      note(
        `The key was compromised later. By your word you have had this file since ${date}, so the receipt is older than that.`,
      ),
    ]
  }

  /**
   * @param o.proof - of `verifyReceiptFile`
   * @param o.receipt - the receipt in it
   * @param o.known - the keys of the history
   * @param o.heldSince - where only this date makes it count
   */
  function verified({ proof, receipt, known, heldSince }) {
    const { stage: reached, receivedAt, context, messageId, length, key, savedAt } = proof
    return [
      el(
        'p',
        { class: 'verified', tabIndex: -1 },
        el('b', {}, 'Verified.'),
        ` The company’s KMS signed that it ${reached} this message, byte for byte.`,
      ),
      facts([
        [reached === 'opened' ? 'Opened' : 'Received', ...when(receivedAt)],
        ['Sent for', ...tags(context)],
        [
          'Message',
          code(messageId),
          el('br'),
          note('compare it with your own records: they say what was in it'),
        ],
        ['Length', `${size(length)}, sealed`],
        ['Signed by', ...cards.keyFacts(key)],
        ['Key believed because', 'signed: the company’s root signed the key set in the file'],
        ['History', ...historySays(known, heldSince)],
        ['Saved', moment(savedAt), el('br'), note('says the file; nobody signed that')],
      ]),
      sealedText.coloured(receipt, 'The receipt'),
      sealedText.bar(receipt),
      sealedText.legend(receipt),
    ]
  }

  function refused(error) {
    const [title, todo] = receiptWords.of(error)
    return [
      el(
        'div',
        { class: 'problem', tabIndex: -1 },
        el(
          'p',
          {},
          el('b', {}, `${receiptWords.verdict(error)} ${title}.`),
          ' ',
          el('code', { class: 'code' }, error.code),
        ),
        el('p', {}, todo),
        el('details', {}, el('summary', {}, 'In detail'), el('p', {}, readable(error.message))),
      ),
    ]
  }

  return { verified, refused }
})()
