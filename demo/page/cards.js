// What each card shows. These functions turn data into elements, and know nothing of sealing or
// sending.
'use strict'

globalThis.cards = (() => {
  const { el, facts, code, note, number, size } = view
  const kinds = { 'RSA-OAEP-256': 'RSA', 'ECDH-ES+A256KW': 'elliptic-curve' }
  const reasons = {
    pinned: 'pinned: this page came with its thumbprint',
    https: 'whoever serves the key set is believed',
    'in-hand': 'it was in the page',
  }

  const keyFacts = (key) => [el('span', { class: 'tag' }, key.alg), el('br'), code(key.thumbprint)]

  /** The sealed value: who can open it, what anyone can read of it, and its parts. */
  function sealed({ jwe, key, trust, context, length }) {
    const [header] = sealedText.parts(jwe)
    return [
      facts([
        [
          'Can be opened by',
          `the ${kinds[key.alg] ?? ''} key in the company’s KMS `,
          ...keyFacts(key),
        ],
        ['Key believed because', reasons[trust] ?? trust],
        [
          'Context',
          ...Object.entries(context).flatMap(([name, value]) => [
            el('span', { class: 'tag' }, `${name}: ${value}`),
            ' ',
          ]),
          el('br'),
          note('readable by everyone, and bound to the value'),
        ],
        ['Size', `${size(jwe.length)}, made of ${size(length)}`],
      ]),
      sealedText.coloured(jwe, 'The sealed value'),
      sealedText.bar(jwe),
      sealedText.legend(jwe),
      el(
        'details',
        {},
        el('summary', {}, 'Its header, decoded'),
        el('pre', { tabIndex: 0 }, JSON.stringify(sealedText.json(header), null, 2)),
      ),
    ]
  }

  /** What the company's server said about what it opened. `what` has the rows of what it read. */
  function opened(
    { seen, key, calls, kmsCalls, stage: reachedStage },
    what = facts(seen.fields.map(({ name, value }) => [name, value])),
  ) {
    return [
      el('div', { class: 'read' }, el('h3', {}, 'What it read'), what),
      el(
        'ol',
        { class: 'doings' },
        el('li', {}, 'Checked form, key and context, before asking KMS'),
        el(
          'li',
          {},
          el('span', { class: 'tag' }, calls[0]),
          ' The private key did its part inside KMS',
        ),
        el('li', {}, 'Opened it with AES-256-GCM, every bit of it authenticated'),
        el('li', {}, el('span', { class: 'tag' }, calls[1]), ' KMS signed the receipt'),
      ),
      facts([
        ['Key used', ...keyFacts(key)],
        ['KMS calls', `${number(kmsCalls)} in all`],
        ['Stage', reachedStage],
      ]),
    ]
  }

  const time = (date) =>
    el(
      'time',
      { dateTime: date.toISOString() },
      date.toLocaleString(document.documentElement.lang, {
        dateStyle: 'medium',
        timeStyle: 'medium',
      }),
    )

  /**
   * The receipt, which is shown only after its signature was verified. `earlier` is another receipt
   * of the same file.
   */
  function receipt({ receipt: text, proof, sent, earlier }) {
    const { stage: reached } = sealedText.json(sealedText.parts(text)[1])
    return [
      el(
        'p',
        { class: 'verified' },
        el('b', {}, 'Verified.'),
        ` The company’s KMS signed that it ${reached} exactly what you sent.`,
      ),
      facts([
        ['Signed by', ...keyFacts(proof.key)],
        ['Key believed because', reasons[proof.trust] ?? proof.trust],
        ['Received', time((earlier ?? { proof }).proof.receivedAt)],
        earlier && ['Opened', time(proof.receivedAt)],
        [
          'Message',
          code(sent.messageId),
          el('br'),
          note('and the digest of its bytes, as kept in this tab'),
        ],
      ]),
      sealedText.coloured(text, 'The receipt'),
      sealedText.bar(text),
      sealedText.legend(text),
    ]
  }

  return { sealed, opened, receipt, keyFacts, kinds, reasons }
})()
