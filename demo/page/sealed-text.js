// A compact JWE or JWS as people can look at it: its parts, their sizes, and a copy with one bit
// changed.
'use strict'

globalThis.sealedText = (() => {
  const { el, number } = view
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const names = {
    5: [
      ['header', 'Header'],
      ['key', 'Encrypted key'],
      ['iv', 'IV'],
      ['body', 'Ciphertext'],
      ['tag', 'Tag'],
    ], // RFC 7516 §3.1
    3: [
      ['header', 'Header'],
      ['body', 'Claims'],
      ['tag', 'Signature'],
    ], // RFC 7515 §3.1
  }

  /**
   * The parts between the dots, each with what it is, its place in the text and how many bytes it
   * holds.
   */
  function parts(text) {
    const found = text.split('.')
    let start = 0
    return found.map((part, i) => {
      const [id, name] = names[found.length][i]
      const row = { id, name, text: part, start, bytes: Math.floor((part.length * 3) / 4) }
      start += part.length + 1
      return row
    })
  }

  /** The JSON in a part. */
  function json(part) {
    const binary = atob(part.text.replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(
      new TextDecoder().decode(Uint8Array.from(binary, (sign) => sign.charCodeAt(0))),
    )
  }

  /**
   * Changes one bit in the middle of a part. Every character there holds six bits, so the form
   * stays right.
   */
  function changed(text, id) {
    const part = parts(text).find((row) => row.id === id)
    const at = part.start + Math.floor(part.text.length / 2)
    const sign = alphabet[alphabet.indexOf(text[at]) ^ 1]
    return { text: text.slice(0, at) + sign + text.slice(at + 1), at, from: text[at], to: sign }
  }

  const limit = 180

  /**
   * The text with its parts in colours. Of a long part it has only both ends. `mark` is a place to
   * point out.
   */
  function coloured(text, label, mark = -1) {
    const box = el('p', { class: 'token', role: 'group', ariaLabel: label })
    for (const { id, text: part, start } of parts(text)) {
      if (start > 0) box.append('.')
      box.append(el('span', { class: `part-${id}` }, ...pieces(part, mark - start)))
    }
    return box
  }

  function pieces(part, mark) {
    if (mark >= 0 && mark < part.length) {
      const from = part.length > limit ? Math.max(0, mark - 60) : 0
      const to = part.length > limit ? mark + 60 : part.length
      return [
        from > 0 && '…',
        part.slice(from, mark),
        el('mark', {}, part[mark]),
        part.slice(mark + 1, to),
        to < part.length && '…',
      ].filter(Boolean)
    }
    return part.length > limit
      ? [
          part.slice(0, 110),
          ' ',
          el('i', {}, `… ${number(part.length - 150)} more …`),
          ' ',
          part.slice(-40),
        ]
      : [part]
  }

  /** How much of the text each part takes. */
  function bar(text) {
    const box = el(
      'div',
      { class: 'bar', ariaHidden: 'true' },
      ...parts(text).map(({ id }) => el('span', { class: `part-${id}` })),
    )
    parts(text).forEach(({ bytes }, i) => {
      box.children[i].style.flexGrow = bytes
    })
    return box
  }

  const legend = (text) =>
    el(
      'ul',
      { class: 'legend' },
      ...parts(text).map(({ id, name, bytes }) =>
        el('li', { class: `part-${id}` }, name, ' ', el('small', {}, view.size(bytes))),
      ),
    )

  return { parts, json, changed, coloured, bar, legend }
})()
