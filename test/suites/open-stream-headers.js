import { fails } from '../support/host.js'
import { be, compress, concat, pairsOf, sized, utf8 } from '../support/message-format.js'
import { privateJwk, writeMessage } from '../support/message-writer.js'
import { arnOf, decompress, openerOver } from '../support/seal-with-jose.js'
import { collect, streamOf } from '../support/sources.js'
import {
  arns,
  context,
  ec,
  everyWay,
  names,
  plaintext,
  replaced,
  rsa,
} from '../support/wrong-messages.js'

const rule = (code) => (written, text) => ({ code, written, text })
const malformed = rule('malformed')
const tooLarge = rule('too_large')
const unsupported = rule('unsupported_algorithm')
const rows = (list, row) => Object.fromEntries(list.map(row))

const section = (bytes) => ({ wrong: { context: bytes } })
const pairs = (...list) => section(pairsOf(list))
const ab = pairsOf([['a', 'b']])
const abAndBc = pairsOf([
  ['a', 'b'],
  ['b', 'c'],
])
const bytes = (...octets) => new Uint8Array(octets)
const keysAre = (dataKeys) => ({ wrong: { dataKeys } })
const foreign = (text) => [utf8('other'), utf8(text), new Uint8Array(5)]
const eightMore = Array.from({ length: 8 }, (_, i) => foreign(`${i}`))
const arnIs = (arn) => ({ recipients: ['P-256-enc', { name: 'RSA-2048-enc', arn }] })

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
const uncompressed = concat(be(65, 4), be(4, 1), new Uint8Array(64))
const point = compress(privateJwk('P-256-enc'))

/** Ids of suites that are not read, in hex. */
const suites = '0578 0378 0346 0214 0178 0146 0114 0078 0046 0014 0000 0479 ffff'

/** Versions, suites and lengths in the fixed parts of a header. */
const fixedRules = {
  ...rows([0, 1, 3, 255], (version) => [
    `version ${version}`,
    unsupported({ wrong: { version } }, new RegExp(`version ${version}\\b`)),
  ]),
  ...rows(suites.split(' '), (id) => [
    `suite 0x${id}`,
    unsupported({ wrong: { suite: parseInt(id, 16) } }, new RegExp(`0x${id}`)),
  ]),
  ...rows([0, 1, 3, 255], (contentType) => [
    `content type ${contentType}`,
    malformed({ wrong: { contentType } }, /content type/),
  ]),
  'frame length 0': malformed({ wrong: { frameLength: 0 } }, /frame length/),
  'a frame length above 16 MiB': tooLarge({ wrong: { frameLength: 16_777_217 } }, /frame length/),
  'the highest frame length': tooLarge({ wrong: { frameLength: 0xffffffff } }, /frame length/),
}

/** The longest frame that openers were told to take, and whether a message of it is taken. */
const frameLimits = [
  { most: 100, frameLength: 100, taken: true },
  { most: 99, frameLength: 100, taken: false },
  { most: 16_777_217, frameLength: 16_777_217, taken: true },
  { most: 16_777_217, frameLength: 16_777_218, taken: false },
  { most: undefined, frameLength: 16_777_216, taken: true },
]

/** The section that holds the context. */
const contextRules = {
  'a context of more than 16 KiB': tooLarge({ context: { a: 'x'.repeat(16_384) } }, /16384/),
  'a context section of 1 byte': malformed(section(be(0, 1))),
  'a context section longer than its pairs': malformed(section(concat(ab, be(0, 1)))),
  'a context section shorter than its pairs': malformed(section(ab.slice(0, -1))),
  'a pair that reaches into the data keys': malformed(
    section(concat(be(1, 2), sized(utf8('a')), be(50, 2))),
  ),
  'more pairs announced than there are': malformed(section(concat(be(2, 2), ab.slice(2)))),
  'fewer pairs announced than there are': malformed(section(concat(be(1, 2), abAndBc.slice(2)))),
  'pairs behind a count of 0': malformed(section(concat(be(0, 2), ab.slice(2)))),
  'a count without pairs': malformed(section(be(1, 2))),
  'one name twice': malformed(pairs(['a', 'b'], ['a', 'c'])),
  'the same pair twice': malformed(pairs(['a', 'b'], ['a', 'b'])),
  'the empty name twice': malformed(pairs(['', 'b'], ['', 'c'])),
  'pairs out of order': malformed(pairs(['b', 'b'], ['a', 'c'])),
  'pairs in the order of UTF-16': malformed(pairs(['😀x', '1'], ['～y', '2'])),
  'a name that is not UTF-8': malformed(pairs([bytes(0xff), 'a']), /UTF-8/),
  'a value that is not UTF-8': malformed(pairs(['a', bytes(0xc3)]), /UTF-8/),
  'a surrogate in UTF-8': malformed(pairs(['a', bytes(0xed, 0xa0, 0x80)]), /UTF-8/),
  'an overlong UTF-8': malformed(pairs(['a', bytes(0xc0, 0x80)]), /UTF-8/),
  'a reserved name': malformed(pairs(['aws-crypto-public-key', 'x']), /reserved/),
  'the name __proto__': malformed(pairs(['__proto__', 'x']), /reserved/),
  'a name of our own': rule('context_mismatch')(pairs(['sealdrop:path', '/a'])),
}

/** How many data keys there are, and for whom. */
const dataKeyRules = {
  'no data key': malformed(
    keysAre(() => []),
    /data key/,
  ),
  '9 data keys': tooLarge(
    keysAre((found) => [...found, ...eightMore]),
    /data keys.*9/,
  ),
  '65,535 announced data keys': tooLarge({ wrong: { count: 65_535 } }, /65535/),
  'two data keys for one RSA key': malformed({ recipients: Array(2).fill('RSA-2048-enc') }, /two/),
  'two data keys for one point': malformed({ recipients: Array(2).fill('P-256-enc') }, /two/),
  'data keys of more than 16 KiB': tooLarge(
    keysAre((found) => [...found, foreign('x'.repeat(16_300))]),
    /16384/,
  ),
  'a provider id that is not UTF-8': malformed(
    keysAre((found) => [...found, [bytes(0xff), be(1, 1), be(1, 1)]]),
    /UTF-8/,
  ),
  'a data key for a point that is not ours': rule('key_not_found')(
    ec({ info: (info) => replaced(info, 5, 5 - point[0]) }),
  ),
}

/** Data keys for RSA keys: an ARN, and 256 bytes. */
const rsaRules = {
  ...rows(
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
    }),
    ([what, arn]) => [what, malformed(arnIs(arn), /ARN/)],
  ),
  'an ARN that is not UTF-8': malformed(rsa({ info: (info) => replaced(info, 5, 0xff) }), /ARN/),
  ...rows(
    [
      { length: 255, ciphertext: (found) => found.slice(1) },
      { length: 257, ciphertext: (found) => concat(be(0, 1), found) },
      { length: 0, ciphertext: () => new Uint8Array() },
      { length: 384, ciphertext: (found) => concat(found, new Uint8Array(128)) },
    ],
    ({ length, ciphertext }) => [
      `an RSA data key of ${length} bytes`,
      malformed(rsa({ ciphertext }), new RegExp(`256 bytes, found ${length}`)),
    ],
  ),
}

/** Data keys for EC keys: two points, and 112 bytes. */
const ecRules = {
  ...rows(
    [
      { length: 111, ciphertext: (found) => found.slice(1) },
      { length: 113, ciphertext: (found) => concat(found, be(0, 1)) },
      { length: 0, ciphertext: () => new Uint8Array() },
    ],
    ({ length, ciphertext }) => [
      `a raw-ecdh data key of ${length} bytes`,
      malformed(ec({ ciphertext }), new RegExp(`112 bytes, found ${length}`)),
    ],
  ),
  ...rows(
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
      'with uncompressed points': () => concat(be(1, 1), uncompressed, uncompressed),
    }),
    ([what, info]) => [`a raw-ecdh info ${what}`, malformed(ec({ info }))],
  ),
}

/** What is written in a header, and how public bytes alone refuse it: "Reader's rules". */
const headerRules = { ...fixedRules, ...contextRules, ...dataKeyRules, ...rsaRules, ...ecRules }

/**
 * Every rule of "Reader's rules" about headers, on messages whose tags verify.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openStreamHeadersSuite(host) {
  const { test, assert } = host

  test('the writer of these suites writes messages that open when nothing is wrong', async () => {
    for (const name of names) {
      for (const open of everyWay)
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

  for (const [what, { code, written, text }] of Object.entries(headerRules)) {
    test(`a header with ${what} is ${code}, and the key is not asked`, async () => {
      const { streams, calls } = await openerOver(host, arns)
      const { message } = await writeMessage({
        recipients: ['P-256-enc'],
        context,
        plaintext,
        ...written,
      })
      for (const open of everyWay) {
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

  for (const { most, frameLength, taken } of frameLimits) {
    const limit = most === undefined ? 'nothing' : `maxFrameLength ${most}`
    test(`with ${limit} a frame length of ${frameLength} is ${taken ? 'taken' : 'too_large'}`, async () => {
      const { message } = await writeMessage({
        recipients: ['P-256-enc'],
        context,
        plaintext: plaintext.subarray(0, 5),
        wrong: { frameLength },
      })
      const limits = most === undefined ? {} : { maxFrameLength: most }
      const { streams, calls } = await openerOver(host, arns, limits)
      const ways = [
        ...everyWay.map((open) => () => open(streams, message)),
        () => host.door.inspect(message, limits),
      ]
      for (const way of ways) {
        if (taken) await way()
        else
          await fails(assert, way, 'too_large', /frame length: expected at most .*maxFrameLength/)
      }
      assert.equal(calls.length > 0, taken)
    })
  }

  test('the limit of frames is a number of bytes up to 1 GiB', async () => {
    const { message } = await writeMessage({ recipients: ['P-256-enc'], context, plaintext })
    for (const most of [0, -1, 1.5, NaN, Infinity, '16', null, 1_073_741_825])
      await fails(
        assert,
        host.door.inspect(message, /** @type {any} */ ({ maxFrameLength: most })),
        'invalid_argument',
        /maxFrameLength/,
      )
    await host.door.inspect(message, { maxFrameLength: 1_073_741_824 })
  })

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
}
