import { partOf } from '../support/bits.js'
import { encryptionKeys, fails } from '../support/host.js'
import { concat, toBase64url } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { arnOf, openerOver, plainCache } from '../support/seal-with-jose.js'
import {
  byteSource,
  collect,
  fileKinds,
  inPieces,
  pattern,
  sourceKinds,
  streamKeys,
  streamOf,
} from '../support/sources.js'
import * as go from '../vectors/esdk-go.js'

const context = { form: 'claim' }
const frameLength = 8
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
/** Whether an empty final frame may follow: behind full frames, as the JavaScript SDK writes. */
const endings = (length, size) => (length > 0 && length % size === 0 ? [false, true] : [false])

/**
 * Opening messages behind the private-operation port: what others and we wrote, from every source,
 * whole and in ranges.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openStreamsSuite(host) {
  const { test, assert, door } = host
  const over = (names, o) =>
    openerOver(host, Object.fromEntries([names].flat().map((name) => [arnOf(name), name])), o)

  test('the vectors of the official Go SDK are all there', () => {
    assert.equal(go.messages.length, 49)
    assert.deepEqual(Object.keys(go.keys), ['rsa', 'p256', 'p384', 'p521'])
    assert.equal(go.messages.filter(({ expect }) => expect === 'open').length, 48)
    assert.equal(go.messages.filter(({ expect }) => expect === 'required-context').length, 1)
    for (const name of Object.keys(go.keys))
      assert.isTrue(go.messages.some(({ key }) => key === name))
  })

  for (const [
    index,
    { key, context: bound, frameLength: length, plaintext, message, expect, required = [] },
  ] of go.messages.entries()) {
    test(`message ${index} of the official Go SDK, for ${key}, does as it says (${expect}), and with another context asks no key`, async () => {
      const { arn, jwk } = go.keys[key]
      const { streams, calls } = await openerOver(host, { [arn]: jwk })
      const bytes = fromBase64(message)
      for (const other of [
        { ...bound, more: '' },
        ...Object.keys(bound)
          .slice(-3)
          .map((name) => ({ ...bound, [name]: 'other' })),
        () => false,
      ]) {
        await fails(assert, streams.openStream(bytes, { context: other }), 'context_mismatch')
        await fails(
          assert,
          streams.openRange(new Blob([bytes]), 0, 1, { context: other }),
          'context_mismatch',
        )
      }
      assert.equal(calls.length, 0)
      const inHeader = Object.fromEntries(
        Object.entries(bound).filter(([name]) => !required.includes(name)),
      )
      if (expect !== 'open')
        return fails(assert, streams.openStream(bytes, { context: inHeader }), 'rejected')
      const expected = fromBase64(plaintext)
      for (const source of [bytes, streamOf(inPieces(bytes, 1)), new Blob([bytes])]) {
        const opened = await streams.openStream(source, { context: bound })
        assert.deepEqual(await collect(opened.readable), expected)
        assert.deepEqual({ ...opened.context }, bound)
        assert.equal(opened.key.arn, arn)
      }
      for (const [start, end] of [
        [0, Infinity],
        [length, 2 * length],
        [1, 3],
      ])
        assert.deepEqual(
          await collect(
            (await streams.openRange(new Blob([bytes]), start, end, { context: bound })).readable,
          ),
          expected.subarray(start, end),
        )
      assert.equal(calls.length, 6)
    })
  }

  for (const name of encryptionKeys) {
    test(`what we and what the specification's writer seal to ${name} opens with exactly one private operation`, async () => {
      const { streams, calls } = await over(name)
      let ops = 0
      /** @type {Record<string, string>[]} */
      const contexts = [{}, context, { '😀x': '1', '～y': '2' }]
      for (const length of [0, 1, frameLength, 20]) {
        for (const bound of contexts) {
          const sealed = await door.sealStream(streamKeys(door, name), pattern(length), {
            context: bound,
            frameLength,
          })
          const { message, id } = await writeMessage({
            recipients: [name],
            context: bound,
            plaintext: pattern(length),
            frameLength,
          })
          for (const [bytes, messageId] of [
            [await collect(sealed.readable), sealed.messageId],
            [message, toBase64url(id)],
          ]) {
            const opened = await streams.openStream(bytes, { context: bound })
            assert.equal(opened.messageId, messageId)
            assert.isUndefined(opened.sealedAt)
            assert.deepEqual([opened.key.arn, opened.key.use], [arnOf(name), 'enc'])
            assert.deepEqual({ ...opened.context }, bound)
            assert.deepEqual(await collect(opened.readable), pattern(length))
            assert.equal(calls.length, ++ops)
          }
        }
      }
      assert.isTrue(
        calls.every(
          ({ arn, operation }) =>
            arn === arnOf(name) && operation === (name.startsWith('RSA') ? 'decrypt' : 'agree'),
        ),
      )
    })
  }

  test('a context with an empty name or value, which others and earlier builds wrote, opens', async () => {
    const { streams } = await over('P-256-enc')
    /** @type {Record<string, string>[]} */
    const contexts = [{ '': 'a' }, { a: '' }, { '': '', a: 'b' }]
    for (const bound of contexts) {
      const { message } = await writeMessage({ context: bound, plaintext: pattern(9) })
      const opened = await streams.openStream(message, { context: bound })
      assert.deepEqual({ ...opened.context }, bound)
      assert.deepEqual(await collect(opened.readable), pattern(9))
      assert.deepEqual({ ...(await door.inspect(message)).context }, bound)
      await fails(assert, streams.openStream(message, { context: { a: 'b' } }), 'context_mismatch')
    }
  })

  for (const [kind, sourceOf] of Object.entries(sourceKinds)) {
    test(`a message opens from a ${kind} in any pieces, byte by byte too`, async () => {
      const { streams } = await over('P-256-enc', { cache: plainCache() })
      let runs = 0
      for (const length of [0, 7, 8, 9, 24, 29]) {
        for (const emptyFinal of endings(length, frameLength)) {
          const { message } = await writeMessage({
            context,
            plaintext: pattern(length),
            frameLength,
            emptyFinal,
          })
          for (const sizes of [[1], [3, 0, 50], [40], [10_000]]) {
            const { readable } = await streams.openStream(sourceOf(message, ...sizes), { context })
            assert.deepEqual(await collect(readable), pattern(length))
            runs++
          }
        }
      }
      assert.equal(runs, 32)
    })
  }

  test('a message with a frame of 512 KiB and more than its 2 KiB of header opens', async () => {
    const { streams } = await over('P-256-enc')
    const bound = { a: 'x'.repeat(9_000) }
    const sealed = await door.sealStream(streamKeys(door, 'P-256-enc'), pattern(1_200_000), {
      context: bound,
    })
    assert.deepEqual(
      await collect(
        (
          await streams.openStream(streamOf(inPieces(await collect(sealed.readable), 65_536)), {
            context: bound,
          })
        ).readable,
      ),
      pattern(1_200_000),
    )
  })

  for (const [kind, sourceOf] of Object.entries(fileKinds)) {
    test(`every range of a message in a ${kind} is that part of its plaintext; a range beyond the end is cut to it`, async () => {
      const { streams } = await over('P-256-enc', { cache: plainCache() })
      const size = 2
      const all = []
      for (const length of [0, 1, 2, 3, 4, 5, 6]) {
        for (const emptyFinal of endings(length, size)) {
          const { message } = await writeMessage({
            context,
            plaintext: pattern(length),
            frameLength: size,
            emptyFinal,
          })
          const ends = [
            ...Array.from({ length: length + 2 }, (_, i) => i),
            Number.MAX_SAFE_INTEGER,
            Infinity,
          ]
          for (const start of ends.slice(0, -1)) {
            for (const end of ends.filter((place) => place >= start)) {
              all.push({ message, length, start, end })
            }
          }
        }
      }
      assert.isAbove(all.length, 300)
      for (const { message, length, start, end } of partOf(host, all, 4)) {
        const opened = await streams.openRange(sourceOf(message, 7), start, end, { context })
        const expected = pattern(length).subarray(start, end)
        assert.equal(opened.length, expected.length)
        const place = `${start} to ${end} of ${length}`
        assert.deepEqual(await collect(opened.readable), expected, place)
      }
    })
  }

  test('a range that is none, or a source that cannot be read at any place, is invalid_argument', async () => {
    const { streams, calls } = await over('P-256-enc')
    const { message } = await writeMessage({ context, plaintext: pattern(20) })
    for (const [start, end] of [
      [-1, 2],
      [2, 1],
      [0.5, 2],
      [0, 1.5],
      [NaN, 2],
      [0, NaN],
      [0, undefined],
      [undefined, 2],
      [Infinity, Infinity],
      ['0', '2'],
      [0, -1],
    ])
      await fails(
        assert,
        streams.openRange(new Blob([message]), start, end, { context }),
        'invalid_argument',
        /range/,
      )
    for (const source of [message, streamOf([message]), undefined, 'text', {}])
      await fails(assert, streams.openRange(source, 0, 1, { context }), 'invalid_argument')
    assert.equal(calls.length, 0)
  })

  test('a range reads the header, the final frame and the frames it needs, and nothing else', async () => {
    const { streams } = await over('P-256-enc')
    const size = 500_000
    const { message, header } = await writeMessage({
      context,
      plaintext: pattern(20 * size),
      frameLength: size,
    })
    const reads = []
    const source = byteSource(message, {
      read: async (start, end) => (reads.push(end - start), message.subarray(start, end)),
    })
    const opened = await streams.openRange(source, 11 * size + 3, 12 * size, { context })
    assert.deepEqual(
      await collect(opened.readable),
      pattern(20 * size).subarray(11 * size + 3, 12 * size),
    )
    assert.isAtMost(reads.length, 3)
    assert.isBelow(
      reads.reduce((a, b) => a + b),
      2_097_152 + 2 * (size + 40) + header.length,
    )
  })

  test('a file that was cut or added to opens no range, whichever is asked for, before any plaintext', async () => {
    const { streams, calls } = await over('P-256-enc', { cache: plainCache() })
    const { message, header } = await writeMessage({ context, plaintext: pattern(20) })
    const cut = Array.from({ length: message.length }, (_, length) => message.slice(0, length))
    const added = [1, 2, 8, 31, 32, 40, 48, 80].flatMap((more) =>
      [0, 255].map((byte) => new Uint8Array([...message, ...Array(more).fill(byte)])),
    )
    for (const changed of [...cut, ...added]) {
      for (const [start, end] of [
        [0, 0],
        [0, 1],
        [0, 8],
        [19, 20],
        [0, Infinity],
      ])
        await fails(
          assert,
          streams.openRange(byteSource(changed), start, end, { context }),
          changed.length < header.length ? 'malformed' : ['malformed', 'rejected'],
        )
    }
    assert.isAtMost(calls.length, cut.length + added.length)
    assert.deepEqual(
      await collect((await streams.openRange(new Blob([message]), 0, 8, { context })).readable),
      pattern(8),
    )
  })

  test('a range hands out no byte from a frame whose tag does not verify on, and those behind it when they are asked for', async () => {
    const { streams } = await over('P-256-enc', { cache: plainCache() })
    const { message, header } = await writeMessage({ context, plaintext: pattern(40) })
    for (let bad = 0; bad < 5; bad++) {
      const changed = message.slice()
      changed[header.length + bad * 40 + 30] ^= 1
      const released = []
      await fails(
        assert,
        streams
          .openRange(new Blob([changed]), 3, 40, { context })
          .then(({ readable }) => collect(readable, released)),
        'rejected',
      )
      const bytes = concat(...released)
      assert.isAtMost(bytes.length, bad === 4 ? 0 : Math.max(0, bad * 8 - 3))
      assert.deepEqual(bytes, pattern(40).slice(3, 3 + bytes.length))
      if (bad < 4)
        assert.deepEqual(
          await collect(
            (await streams.openRange(new Blob([changed]), bad * 8 + 8, 40, { context })).readable,
          ),
          pattern(40).slice(bad * 8 + 8),
        )
    }
  })
}
