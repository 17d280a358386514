// What the cards show of a file. These functions turn data into elements.
'use strict'

globalThis.fileCards = (() => {
  const { el, facts, code, note, size, number } = view
  const { keyFacts, kinds, reasons } = cards

  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')

  /** The sealed file before it is sent. Only its first bytes exist yet. */
  function sealed({ key, trust, context, messageId, length, plain, head }) {
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
          note('readable by everyone, and bound to the file'),
        ],
        [
          'Size',
          `${size(length)} sealed, made of ${size(plain)}`,
          el('br'),
          note('sealed piece by piece while it is sent, so it need not fit into memory'),
        ],
        ['Message', code(messageId)],
      ]),
      el(
        'p',
        { class: 'token bytes', role: 'group', ariaLabel: 'First bytes of the sealed file' },
        el('span', { class: 'part-header' }, hexOf(head.subarray(0, 72))),
        ' ',
        el('i', {}, `… ${number(length - 72)} more bytes`),
      ),
    ]
  }

  const stored = ({ length, digest }) => [
    el(
      'div',
      { class: 'read' },
      el('h3', {}, 'What it stored'),
      facts([
        ['File', `${size(length)}, sealed as it came`],
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
  function read({ type, size: bytes, sha256, preview }, own) {
    return facts([
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

  /** A file whose sending was interrupted, with what is known here and what the company has. */
  const unfinished = ({ name, size: bytes }, share, forget) => [
    el('p', {}, el('b', {}, name), ` (${size(bytes)})`),
    el(
      'p',
      {},
      share === 1
        ? 'It arrived whole, and its receipt is missing. Choose the same file again to get it.'
        : `${Math.floor(share * 100)} % of it arrived. Choose the same file again to go on from there.`,
    ),
    forget,
  ]

  return { sealed, stored, read, unfinished, hexOf }
})()
