import { fails } from '../support/host.js'
import { be, concat, pairsOf } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { collect, pattern } from '../support/sources.js'
import {
  arns,
  context,
  ec,
  everyWay,
  flipped,
  plaintext,
  replaced,
  rsa,
} from '../support/wrong-messages.js'

/** Bodies that are refused, each frame with a tag that verifies. */
const frames = (change) => ({ wrong: { frames: change } })
const last = (list, o) =>
  list.map((frame, i) => (i === list.length - 1 ? { ...frame, ...o } : frame))
/** @typedef {{ code?: string[], plaintext?: Uint8Array<ArrayBuffer>, wrong: object }} Rule */
/** @type {Record<string, Rule>} */
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

/**
 * Every rule of "Reader's rules" about bodies and data keys, once the key was asked.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openStreamBodiesSuite(host) {
  const { test, assert } = host

  for (const [what, { code = 'malformed', ...o }] of Object.entries(bodyRules)) {
    test(`a body with ${what} is ${String(code)}, though every tag verifies, and does not end well in any range`, async () => {
      const { streams, calls } = await openerOver(host, arns)
      const { message } = await writeMessage({ context, plaintext, ...o })
      for (const open of everyWay) {
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
      assert.isAtMost(calls.length, everyWay.length)
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
    // none at all: WebKitGTK cannot encrypt nothing, so an answer below is empty
    'one byte instead of digest and data key': rsa({ payload: () => new Uint8Array([7]) }),
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
      for (const open of everyWay) {
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
    assert.equal(errors.length, (Object.keys(classB).length + 6) * everyWay.length + 1)
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
