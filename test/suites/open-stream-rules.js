import { fails } from '../support/host.js'
import { be, compress, concat, pairsOf, sized, utf8 } from '../support/message-format.js'
import { privateJwk, writeMessage } from '../support/message-writer.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf, decompress, openerOver } from '../support/seal-with-jose.js'
import { collect, inPieces, pattern, streamOf } from '../support/sources.js'

const context = { form: 'claim' }
const plaintext = pattern(20)
const names = ['RSA-2048-enc', 'P-256-enc']
const flipped = (bytes, at) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
const replaced = (bytes, at, value) => bytes.map((byte, i) => (i === at ? value : byte))

const rsa = (o) => ({ recipients: [{ name: 'RSA-2048-enc', ...o }] })
const ec = (o) => ({ recipients: [{ name: 'P-256-enc', ...o }] })
const section = (context) => ({ wrong: { context } })
const keysAre = (dataKeys) => ({ wrong: { dataKeys } })
const foreign = (text) => [utf8('other'), utf8(text), new Uint8Array(5)]
const isOnCurve = (compressed) => {
  try {
    return Boolean(decompress('P-256', compressed))
  } catch {
    return false
  }
}
/** Half of all x have no y. */
const offCurve = Array.from({ length: 64 }, (_, i) =>
  concat(be(2, 1), new Uint8Array(32).fill(i + 1)),
).find((compressed) => !isOnCurve(compressed))
const point = compress(privateJwk('P-256-enc'))

/**
 * Headers that public bytes refuse: title to [code, what is written, pattern of the error's text].
 */
const headerRules = {
  ...Object.fromEntries(
    [0, 1, 3, 255].map((version) => [
      `version ${version}`,
      ['unsupported_algorithm', { wrong: { version } }, new RegExp(`version ${version}\\b`)],
    ]),
  ),
  ...Object.fromEntries(
    [
      '0578',
      '0378',
      '0346',
      '0214',
      '0178',
      '0146',
      '0114',
      '0078',
      '0046',
      '0014',
      '0000',
      '0479',
      'ffff',
    ].map((id) => [
      `suite 0x${id}`,
      ['unsupported_algorithm', { wrong: { suite: parseInt(id, 16) } }, new RegExp(`0x${id}`)],
    ]),
  ),
  ...Object.fromEntries(
    [0, 1, 3, 255].map((contentType) => [
      `content type ${contentType}`,
      ['malformed', { wrong: { contentType } }, /content type/],
    ]),
  ),
  'frame length 0': ['malformed', { wrong: { frameLength: 0 } }, /frame length/],
  'a frame length above 16 MiB': [
    'too_large',
    { wrong: { frameLength: 16_777_217 } },
    /frame length/,
  ],
  'the highest frame length': ['too_large', { wrong: { frameLength: 0xffffffff } }, /frame length/],
  'no data key': ['malformed', keysAre(() => []), /data key/],
  '9 data keys': [
    'too_large',
    keysAre((found) => [...found, ...Array.from({ length: 8 }, (_, i) => foreign(`${i}`))]),
    /data keys.*9/,
  ],
  '65,535 announced data keys': ['too_large', { wrong: { count: 65_535 } }, /65535/],
  'two data keys for one RSA key': [
    'malformed',
    { recipients: ['RSA-2048-enc', 'RSA-2048-enc'] },
    /two/,
  ],
  'two data keys for one point': ['malformed', { recipients: ['P-256-enc', 'P-256-enc'] }, /two/],
  'a context of more than 16 KiB': ['too_large', { context: { a: 'x'.repeat(16_384) } }, /16384/],
  'data keys of more than 16 KiB': [
    'too_large',
    keysAre((found) => [...found, foreign('x'.repeat(16_300))]),
    /16384/,
  ],
  'a context section of 1 byte': ['malformed', section(be(0, 1))],
  'a context section longer than its pairs': [
    'malformed',
    section(concat(pairsOf([['a', 'b']]), be(0, 1))),
  ],
  'a context section shorter than its pairs': [
    'malformed',
    section(pairsOf([['a', 'b']]).slice(0, -1)),
  ],
  'a pair that reaches into the data keys': [
    'malformed',
    section(concat(be(1, 2), sized(utf8('a')), be(50, 2))),
  ],
  'more pairs announced than there are': [
    'malformed',
    section(concat(be(2, 2), pairsOf([['a', 'b']]).slice(2))),
  ],
  'fewer pairs announced than there are': [
    'malformed',
    section(
      concat(
        be(1, 2),
        pairsOf([
          ['a', 'b'],
          ['b', 'c'],
        ]).slice(2),
      ),
    ),
  ],
  'pairs behind a count of 0': [
    'malformed',
    section(concat(be(0, 2), pairsOf([['a', 'b']]).slice(2))),
  ],
  'a count without pairs': ['malformed', section(be(1, 2))],
  'one name twice': [
    'malformed',
    section(
      pairsOf([
        ['a', 'b'],
        ['a', 'c'],
      ]),
    ),
  ],
  'the same pair twice': [
    'malformed',
    section(
      pairsOf([
        ['a', 'b'],
        ['a', 'b'],
      ]),
    ),
  ],
  'the empty name twice': [
    'malformed',
    section(
      pairsOf([
        ['', 'b'],
        ['', 'c'],
      ]),
    ),
  ],
  'pairs out of order': [
    'malformed',
    section(
      pairsOf([
        ['b', 'b'],
        ['a', 'c'],
      ]),
    ),
  ],
  'pairs in the order of UTF-16': [
    'malformed',
    section(
      pairsOf([
        ['😀x', '1'],
        ['～y', '2'],
      ]),
    ),
  ],
  'a name that is not UTF-8': [
    'malformed',
    section(pairsOf([[new Uint8Array([0xff]), 'a']])),
    /UTF-8/,
  ],
  'a value that is not UTF-8': [
    'malformed',
    section(pairsOf([['a', new Uint8Array([0xc3])]])),
    /UTF-8/,
  ],
  'a surrogate in UTF-8': [
    'malformed',
    section(pairsOf([['a', new Uint8Array([0xed, 0xa0, 0x80])]])),
    /UTF-8/,
  ],
  'an overlong UTF-8': [
    'malformed',
    section(pairsOf([['a', new Uint8Array([0xc0, 0x80])]])),
    /UTF-8/,
  ],
  'a reserved name': ['malformed', section(pairsOf([['aws-crypto-public-key', 'x']])), /reserved/],
  'the name __proto__': ['malformed', section(pairsOf([['__proto__', 'x']])), /reserved/],
  'a name of our own': ['context_mismatch', section(pairsOf([['sealdrop:path', '/a']]))],
  'a provider id that is not UTF-8': [
    'malformed',
    keysAre((found) => [...found, [new Uint8Array([0xff]), be(1, 1), be(1, 1)]]),
    /UTF-8/,
  ],
  ...Object.fromEntries(
    Object.entries({
      'an alias ARN': 'arn:aws:kms:eu-central-1:111122223333:alias/x',
      'a bare key id': '1234abcd-12ab-34cd-56ef-1234567890ab',
      'no ARN': '',
      'an ARN of another service': arnOf('x').replace('kms', 's3'),
      'an ARN without a Region': arnOf('x', ''),
      'an ARN with a short account': arnOf('x').replace('111122223333', '1'),
      'an ARN and a line break': `${arnOf('RSA-2048-enc')}\n`,
      'an ARN and more': `${arnOf('x')}/y`,
      'an ARN and a NUL': `${arnOf('RSA-2048-enc')}\0`,
    }).map(([what, arn]) => [
      what,
      ['malformed', { recipients: ['P-256-enc', { name: 'RSA-2048-enc', arn }] }, /ARN/],
    ]),
  ),
  'an ARN that is not UTF-8': [
    'malformed',
    rsa({ info: (info) => replaced(info, 5, 0xff) }),
    /ARN/,
  ],
  ...Object.fromEntries(
    [
      [255, (bytes) => bytes.slice(1)],
      [257, (bytes) => concat(be(0, 1), bytes)],
      [0, () => new Uint8Array()],
      [384, (bytes) => concat(bytes, new Uint8Array(128))],
    ].map(([length, ciphertext]) => [
      `an RSA data key of ${length} bytes`,
      ['malformed', rsa({ ciphertext }), new RegExp(`256 bytes, found ${length}`)],
    ]),
  ),
  ...Object.fromEntries(
    [
      [111, (bytes) => bytes.slice(1)],
      [113, (bytes) => concat(bytes, be(0, 1))],
      [0, () => new Uint8Array()],
    ].map(([length, ciphertext]) => [
      `a raw-ecdh data key of ${length} bytes`,
      ['malformed', ec({ ciphertext }), new RegExp(`112 bytes, found ${length}`)],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      'of version 0': (info) => replaced(info, 0, 0),
      'of version 2': (info) => replaced(info, 0, 2),
      'that is empty': () => new Uint8Array(),
      'that is cut': (info) => info.slice(0, -1),
      'with more behind it': (info) => concat(info, be(0, 1)),
      'whose recipient is announced shorter': (info) => replaced(info, 4, 32),
      'whose recipient is announced longer': (info) => replaced(info, 4, 34),
      'whose sender is announced shorter': (info) => replaced(info, 41, 32),
      'whose sender is announced longest': (info) => replaced(info, 38, 255),
      'with an uncompressed prefix': (info) => replaced(info, 5, 4),
      'with a prefix of 0 at the sender': (info) => replaced(info, 42, 0),
      'with a prefix of 5 at the sender': (info) => replaced(info, 42, 5),
      'with points of two curves': (info) =>
        concat(info.slice(0, 38), be(49, 4), new Uint8Array(49).fill(2)),
      'with a sender off the curve': (info) => concat(info.slice(0, 42), offCurve),
      'with a sender beyond the field': (info) =>
        concat(info.slice(0, 42), be(2, 1), new Uint8Array(32).fill(255)),
      'with uncompressed points': () =>
        concat(
          be(1, 1),
          be(65, 4),
          be(4, 1),
          new Uint8Array(64),
          be(65, 4),
          be(4, 1),
          new Uint8Array(64),
        ),
    }).map(([what, info]) => [`a raw-ecdh info ${what}`, ['malformed', ec({ info })]]),
  ),
  'a data key for a point that is not ours': [
    'key_not_found',
    ec({ info: (info) => replaced(info, 5, 5 - point[0]) }),
  ],
}

/** Bodies that are refused, each frame with a tag that verifies. */
const frames = (change) => ({ wrong: { frames: change } })
const last = (list, o) =>
  list.map((frame, i) => (i === list.length - 1 ? { ...frame, ...o } : frame))
const bodyRules = {
  'numbers from 0': frames((list) =>
    list.map((frame) => ({ ...frame, sequence: frame.sequence - 1 })),
  ),
  'numbers from 2': frames((list) =>
    list.map((frame) => ({ ...frame, sequence: frame.sequence + 1 })),
  ),
  'a gap in the numbers': frames((list) => last(list, { sequence: 4 })),
  'a number twice': frames((list) => last(list, { sequence: 2 })),
  'frames in another order': frames(([a, b, c]) => [b, a, c]),
  'the final frame first': frames(([a, b, c]) => [c, a, b]),
  'two final frames': frames((list) => [...list, { ...list[2], sequence: 4 }]),
  'a final frame in the middle': frames(([a, b, c]) => [a, { ...b, final: true }, c]),
  'a regular frame behind the final one': frames((list) => [...list, { ...list[0], sequence: 4 }]),
  'no final frame': frames((list) => list.slice(0, 2)),
  'no frame': frames(() => []),
  'a full last frame that is not marked as final': {
    ...frames((list) => last(list, { final: false })),
    plaintext: pattern(24),
  },
  'an IV of another number': frames((list) =>
    list.map((frame) => ({ ...frame, iv: be(frame.sequence + 1, 12) })),
  ),
  'a random IV in the final frame': frames((list) =>
    last(list, { iv: new Uint8Array(12).fill(9) }),
  ),
  'an IV with a high byte set': frames(([a, ...rest]) => [
    { ...a, iv: replaced(be(1, 12), 0, 1) },
    ...rest,
  ]),
  'a final content above the frame length': frames(([a, b, c]) => [
    a,
    b,
    { ...c, plaintext: pattern(9), length: 9 },
  ]),
  'a final content announced longest': frames((list) =>
    last(list, { length: 0xffffffff, dataLength: 4 }),
  ),
  'a final content announced longer': frames((list) => last(list, { length: 5, dataLength: 4 })),
  'a final content announced shorter': frames((list) => last(list, { length: 3, dataLength: 4 })),
  "frames of another length than the header's": {
    code: ['malformed', 'rejected'],
    ...frames((list) => list.map((frame) => ({ ...frame, plaintext: pattern(7), length: 7 }))),
  },
}

/** Every rule of "Reader's rules", on messages whose tags verify. */
export function openStreamRulesSuite(host) {
  const { test, assert } = host
  const arns = Object.fromEntries(names.map((name) => [arnOf(name), name]))
  const bothWays = [
    (streams, message) => streams.openStream(message, { context: () => true }),
    (streams, message) =>
      streams.openStream(streamOf(inPieces(message, 1)), { context: () => true }),
    (streams, message) =>
      streams.openRange(new Blob([message]), 0, Infinity, { context: () => true }),
  ]

  test('the writer of these suites writes messages that open when nothing is wrong', async () => {
    for (const name of names) {
      for (const open of bothWays)
        assert.deepEqual(
          await collect(
            (
              await open(
                (await openerOver(host, arns)).streams,
                (await writeMessage({ recipients: [name], context, plaintext })).message,
              )
            ).readable,
          ),
          plaintext,
        )
    }
  })

  for (const [what, [code, o, text]] of Object.entries(headerRules)) {
    test(`a header with ${what} is ${code}, and the key is not asked`, async () => {
      const { streams, calls } = await openerOver(host, arns)
      const { message } = await writeMessage({
        recipients: ['P-256-enc'],
        context,
        plaintext,
        ...o,
      })
      for (const open of bothWays) {
        const error = await open(streams, message).then(
          () => assert.fail('it opened'),
          (reason) => reason,
        )
        assert.equal(error.code, code, error.message)
        if (text) assert.match(error.message, text)
        if (code !== 'key_not_found') assert.instanceOf(error, host.door.SealdropError)
      }
      assert.equal(calls.length, 0)
    })
  }

  test('the empty context in its long form opens, with digest and keys over no bytes', async () => {
    for (const name of names) {
      const { streams, calls } = await openerOver(host, arns)
      const { message } = await writeMessage({
        recipients: [name],
        plaintext,
        wrong: { context: be(0, 2) },
      })
      const opened = await streams.openStream(message, { context: {} })
      assert.deepEqual({ ...opened.context }, {})
      assert.deepEqual(await collect(opened.readable), plaintext)
      assert.equal(calls.length, 1)
    }
  })

  test('a header that announces more than there is is malformed at its end, whatever is announced, and not waited for', async () => {
    const { streams, calls } = await openerOver(host, arns)
    const { message, header } = await writeMessage({ context, plaintext })
    for (let length = 0; length < header.length; length++)
      await fails(
        assert,
        streams.openStream(message.slice(0, length), { context }),
        'malformed',
        /ends within its header/,
      )
    const announced = concat(be(2, 1), be(0x0478, 2), new Uint8Array(32), be(65_535, 2))
    const endless = (async function* () {
      yield announced
      for (;;) yield new Uint8Array(500)
    })()
    for (const source of [announced, streamOf([announced]), endless])
      await fails(assert, streams.openStream(source, { context }), 'too_large', /16384/)
    assert.equal(calls.length, 0)
  })

  for (const [what, { code = 'malformed', ...o }] of Object.entries(bodyRules)) {
    test(`a body with ${what} is ${code}, though every tag verifies, and does not end well in any range`, async () => {
      const { streams, calls } = await openerOver(host, arns)
      const { message } = await writeMessage({ context, plaintext, ...o })
      for (const open of bothWays) {
        const released = []
        await fails(
          assert,
          open(streams, message).then(({ readable }) => collect(readable, released)),
          code,
        )
        const bytes = concat(...released)
        assert.deepEqual(bytes, pattern(bytes.length))
        assert.isAtMost(bytes.length, 24)
      }
      assert.isAtMost(calls.length, bothWays.length)
    })
  }

  const classB = {
    'a data key of 32 bytes without a digest': rsa({ payload: (digest, dataKey) => dataKey }),
    'a data key of 16 bytes': rsa({
      payload: (digest, dataKey) => concat(digest, dataKey.slice(16)),
    }),
    ...Object.fromEntries(
      [16, 31, 33].map((length) => [
        `a data key of ${length} bytes under which all the rest is right`,
        { ...rsa({}), dataKey: new Uint8Array(length).fill(7) },
      ]),
    ),
    'a data key behind no digest but zeros': rsa({
      payload: (digest, dataKey) => concat(new Uint8Array(48), dataKey),
    }),
    'a digest with one bit changed': rsa({
      payload: (digest, dataKey) => concat(flipped(digest, 47), dataKey),
    }),
    'a data key of 81 bytes': rsa({
      payload: (digest, dataKey) => concat(digest, dataKey, be(0, 1)),
    }),
    'one byte instead of digest and data key': rsa({ payload: () => new Uint8Array([7]) }), // none at all: WebKitGTK cannot encrypt nothing, so an answer below is empty
    'an RSA ciphertext that is none': rsa({ ciphertext: (bytes) => flipped(bytes, 100) }),
    'a wrong salt in the data key': ec({ ciphertext: (bytes) => flipped(bytes, 3) }),
    'a wrong commitment in the data key': ec({ ciphertext: (bytes) => flipped(bytes, 40) }),
    'a changed data key': ec({ ciphertext: (bytes) => flipped(bytes, 70) }),
    'a wrong tag in the data key': ec({ ciphertext: (bytes) => flipped(bytes, 111) }),
    "the sender's other point": ec({ info: (info) => replaced(info, 42, 5 - info[42]) }),
    'a wrong commitment': { wrong: { commitment: (bytes) => flipped(bytes, 31) } },
    'a wrong header tag': { wrong: { tag: (bytes) => flipped(bytes, 0) } },
    'both wrong': {
      wrong: { commitment: (bytes) => flipped(bytes, 0), tag: (bytes) => flipped(bytes, 15) },
    },
    'a context that is not the one it was sealed for': {
      recipients: ['P-256-enc'],
      wrong: { context: pairsOf([['form', 'other']]) },
    },
    'the same for RSA': {
      recipients: ['RSA-2048-enc'],
      wrong: { context: pairsOf([['form', 'other']]) },
    },
  }

  test('class B failures are one error: same code, same text, no cause, exactly one private operation', async () => {
    const errors = []
    const failing = async (o, over = {}) => {
      for (const open of bothWays) {
        const { streams, calls } = await openerOver(host, arns, over)
        const { message } = await writeMessage({
          recipients: ['P-256-enc'],
          context,
          plaintext,
          ...o,
        })
        errors.push(await fails(assert, open(streams, message), 'rejected'))
        assert.equal(calls.length, 1)
      }
    }
    for (const o of Object.values(classB)) await failing(o)
    for (const [name, other] of [
      ['RSA-2048-enc', 'RSA-2048-sig'],
      ['P-256-enc', 'P-256-sig'],
    ]) {
      const { decrypt, agree } = privateOperations({ [arnOf(name)]: other })
      await failing({ recipients: [name] }, { answer: { decrypt, agree } })
    }
    for (const answer of [new Uint8Array(), new Uint8Array(80), new Uint8Array(32)])
      await failing({ recipients: ['RSA-2048-enc'] }, { answer: { decrypt: async () => answer } })
    await failing({ recipients: ['RSA-2048-enc'] }, { answer: { decrypt: async () => undefined } })
    const { streams } = await openerOver(host, arns)
    const { message, header } = await writeMessage({ context, plaintext })
    errors.push(
      await fails(
        assert,
        collect(
          (await streams.openStream(flipped(message, header.length + 20), { context })).readable,
        ),
        'rejected',
      ),
    )
    assert.equal(errors.length, (Object.keys(classB).length + 6) * bothWays.length + 1)
    assert.equal(
      new Set(errors.map(({ message: text, retryable }) => `${text} ${retryable}`)).size,
      1,
    )
    assert.isTrue(
      errors.every(
        (error) =>
          !Object.hasOwn(error, 'cause') &&
          Object.keys(error).sort().join() === Object.keys(errors[0]).sort().join(),
      ),
    )
  })
}
