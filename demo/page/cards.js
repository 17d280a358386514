// What each card shows. Functions from data to elements; they know nothing of sealing or sending.
'use strict'

const cards = (() => {
  const { el, facts, code, note, number, size } = view
  const kinds = { 'RSA-OAEP-256': 'RSA', 'ECDH-ES+A256KW': 'elliptic-curve' }
  const reasons = { pinned: 'pinned: this page came with its thumbprint', https: 'whoever serves the key set is believed', 'in-hand': 'it was in the page' }

  const keyFacts = (key) => [el('span', { class: 'tag' }, key.alg), el('br'), code(key.thumbprint)]

  /** The sealed value: who can open it, what anyone can read of it, its parts. */
  function sealed({ jwe, key, trust, context, length }) {
    const [header] = sealedText.parts(jwe)
    return [
      facts([
        ['Can be opened by', `the ${kinds[key.alg] ?? ''} key in the company’s KMS `, ...keyFacts(key)],
        ['Key believed because', reasons[trust] ?? trust],
        ['Context', ...Object.entries(context).flatMap(([name, value]) => [el('span', { class: 'tag' }, `${name}: ${value}`), ' ']), el('br'), note('readable by everyone, and bound to the value')],
        ['Size', `${size(jwe.length)}, made of ${size(length)}`],
      ]),
      sealedText.coloured(jwe, 'The sealed value'),
      sealedText.bar(jwe),
      sealedText.legend(jwe),
      el('details', {}, el('summary', {}, 'Its header, decoded'), el('pre', { tabIndex: 0 }, JSON.stringify(sealedText.json(header), null, 2))),
    ]
  }

  /** What the company's server said about the value that it opened. `digest` is the file's own, made in this tab. */
  function opened({ seen, key, calls, kmsCalls, stage: reachedStage }, digest) {
    return [
      el('div', { class: 'read' }, el('h3', {}, 'What it read'), seen.kind === 'file' ? file(seen, digest) : facts(seen.fields.map(({ name, value }) => [name, value]))),
      el('ol', { class: 'doings' },
        el('li', {}, 'Checked form, key and context, before asking KMS'),
        el('li', {}, el('span', { class: 'tag' }, calls[0]), ' The private key did its part inside KMS'),
        el('li', {}, 'Opened the value with AES-256-GCM, every bit of it authenticated'),
        el('li', {}, el('span', { class: 'tag' }, calls[1]), ' KMS signed the receipt')),
      facts([
        ['Key used', ...keyFacts(key)],
        ['KMS calls', `${number(kmsCalls)} in all`],
        ['Stage', reachedStage],
      ]),
    ]
  }

  function file({ type, size: bytes, sha256, preview }, digest) {
    const same = digest === sha256
    return facts([
      ['File', `${type}, ${size(bytes)}`],
      ['Begins with', code(preview)],
      ['SHA-256', code(sha256), el('br'), el('span', { class: same ? 'good' : 'bad' }, same ? 'The same as of the file in this tab' : 'Not that of the file in this tab')],
    ])
  }

  /** The receipt after its signature was verified, and only then. */
  function receipt({ receipt: text, proof, sent }) {
    return [
      el('p', { class: 'verified' }, el('b', {}, 'Verified.'), ' The company’s KMS signed that it opened exactly what you sent.'),
      facts([
        ['Signed by', ...keyFacts(proof.key)],
        ['Key believed because', reasons[proof.trust] ?? proof.trust],
        ['Received', el('time', { dateTime: proof.receivedAt.toISOString() }, proof.receivedAt.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }))],
        ['Message', code(sent.messageId), el('br'), note('and the digest of its bytes, as kept in this tab')],
      ]),
      sealedText.coloured(text, 'The receipt'),
      sealedText.bar(text),
      sealedText.legend(text),
    ]
  }

  return { sealed, opened, receipt }
})()
