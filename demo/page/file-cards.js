// What the cards show of a file. These functions turn data into elements.
'use strict'

globalThis.fileCards = (() => {
  const { el, facts, code, note, size, number } = view
  const { keyFacts, kinds, reasons } = cards

  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')

  /** The sealed file before it is sent. Only its header exists yet, in base64url. */
  function sealed({ key, trust, context, messageId, length, plain, parts, header }) {
    const nodes = [
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
          note('readable by everyone, and bound to the file'),
        ],
        [
          'Size',
          `${size(length)} sealed, made of ${size(plain)}`,
          el('br'),
          note(`sealed and sent in ${parts === 1 ? 'one piece' : `${number(parts)} parts`}`),
        ],
        ['Message', code(messageId)],
      ]),
      header && beginning(header, length),
    ]
    return nodes.filter(Boolean)
  }

  /** What leaves first: it says who can open the file, and what the file is bound to. */
  function beginning(header, length) {
    const text = atob(header.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Array.from(text.slice(0, 72), (sign) => sign.charCodeAt(0))
    return el(
      'p',
      { class: 'token bytes', role: 'group', ariaLabel: 'First bytes of the sealed file' },
      el('span', { class: 'part-header' }, hexOf(bytes)),
      ' ',
      el('i', {}, `… ${number(length - bytes.length)} more bytes`),
    )
  }

  const stored = ({ length, digest, key }) => [
    el(
      'div',
      { class: 'read' },
      el('h3', {}, 'What it stored'),
      facts([
        ['File', `${size(length)}, sealed as it came`],
        ['Object in the bucket', code(key)],
        [
          'Its digest',
          code(digest),
          el('br'),
          note('chunk digest of the sealed bytes, the same as in this tab'),
        ],
      ]),
    ),
    el(
      'p',
      { class: 'note' },
      'The server can keep, copy and back it up. It cannot read it until it asks KMS, which is when somebody needs the file.',
    ),
  ]

  /**
   * @param own - SHA-256 of the file, made in this tab; undefined where WebCrypto, which hashes no
   * stream, cannot
   */
  function read({ name, type, size: bytes, sha256, preview }, own) {
    return facts([
      name !== undefined && ['Name', name, el('br'), note('sealed in this tab, beside the file')],
      ['File', `${type}, ${size(bytes)}`],
      ['Begins with', code(preview)],
      [
        'SHA-256',
        el('code', { id: 'sha256' }, sha256),
        el('br'),
        own === undefined
          ? compare()
          : el(
              'span',
              { class: own === sha256 ? 'good' : 'bad' },
              own === sha256
                ? 'The same as of the file in this tab'
                : 'Not that of the file in this tab',
            ),
      ],
    ])
  }

  const compare = () =>
    el(
      'details',
      {},
      el('summary', {}, 'Compare it with your file'),
      el(
        'pre',
        { tabIndex: 0 },
        'sha256sum FILE                  Linux\nshasum -a 256 FILE              macOS\ncertutil -hashfile FILE SHA256  Windows',
      ),
    )

  /** A file whose sending was interrupted, with what is known of it here. */
  const unfinished = ({ name = 'A file', size: bytes, created }, forget) => [
    el('p', {}, el('b', {}, name), ` (${size(bytes)})`),
    el(
      'p',
      {},
      `Begun ${created.toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })}, and not finished. Choose the same file again to go on from there.`,
    ),
    forget,
  ]

  return { sealed, stored, read, unfinished, hexOf }
})()
