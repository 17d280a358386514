// What each card shows. Functions from data to elements; they know nothing of sealing or sending.
'use strict'

const cards = (() => {
  const { el, facts, code, note, number, size } = view
  const kinds = { 'RSA-OAEP-256': 'RSA', 'ECDH-ES+A256KW': 'elliptic curve' }
  const reasons = { pinned: 'pinned: this page came with its thumbprint', https: 'whoever serves the key set is believed', 'in-hand': 'it was in the page' }

  /** The sealed value: who can open it, what anyone can read of it, its parts. */
  function sealed({ jwe, key, trust, context, length }) {
    const [header] = sealedText.parts(jwe)
    return [
      facts([
        ['Can be opened by', `the holder of one ${kinds[key.alg] ?? ''} key in KMS, `, note(key.alg), el('br'), code(key.thumbprint)],
        ['Key believed because', reasons[trust] ?? trust],
        ['Readable by everyone', ...Object.entries(context).map(([name, value]) => code(`${name}: ${value} `)), note('the context, bound to the value')],
        ['Size', `${number(jwe.length)} characters, from ${size(length)}`],
      ]),
      sealedText.coloured(jwe, 'The sealed value'),
      sealedText.legend(jwe),
      el('details', {}, el('summary', {}, 'Protected header, decoded'), el('pre', { tabIndex: 0 }, JSON.stringify(sealedText.json(header), null, 2))),
    ]
  }

  /** What the company's server said about the value that it opened. `digest` is the file's own, made in this tab. */
  function opened({ seen, key, calls, kmsCalls, stage }, digest) {
    return [
      seen.kind === 'file' ? file(seen, digest) : el('div', { class: 'read' }, el('h3', {}, 'It read'), facts(seen.fields.map(({ name, value }) => [name, value]))),
      facts([
        ['KMS calls', `${kmsCalls}: `, ...calls.flatMap((call, i) => [i > 0 && ' and ', code(call)])].filter((part) => part !== false),
        ['Key used', note(key.alg), el('br'), code(key.thumbprint)],
        ['Stage', stage],
      ]),
    ]
  }

  function file({ type, size: bytes, sha256, preview }, digest) {
    const same = digest === sha256
    return el('div', { class: 'read' }, el('h3', {}, 'It read'), facts([
      ['File', `${type}, ${size(bytes)}`],
      ['Begins with', code(preview)],
      ['SHA-256', code(sha256), el('br'), el('span', { class: same ? 'good' : 'bad' }, same ? 'The same as of the file in this tab' : 'Not that of the file in this tab')],
    ]))
  }

  /** The receipt after its signature was verified, and only then. */
  function receipt({ receipt: text, proof, sent }) {
    return [
      el('p', { class: 'verified' }, el('b', {}, 'Verified.'), ' The company’s KMS signed that it opened exactly what you sent.'),
      facts([
        ['Signed by', note(proof.key.alg), el('br'), code(proof.key.thumbprint)],
        ['Key believed because', reasons[proof.trust] ?? proof.trust],
        ['Received', el('time', { dateTime: proof.receivedAt.toISOString() }, proof.receivedAt.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }))],
        ['Message', code(sent.messageId), el('br'), note('and the digest of its bytes, as kept in this tab')],
      ]),
      sealedText.coloured(text, 'The receipt'),
      sealedText.legend(text),
    ]
  }

  return { sealed, opened, receipt }
})()
