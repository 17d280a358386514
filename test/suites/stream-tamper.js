import { bitsOf, partOf } from '../support/bits.js'
import { concat } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { byteSource, collect, pattern } from '../support/sources.js'

const context = { a: 'b' }
const frameLength = 5
const plaintext = pattern(13)
const closedList = [
  'malformed',
  'unsupported_algorithm',
  'key_not_found',
  'context_mismatch',
  'too_large',
  'rejected',
]

/** A private key asked once for each ciphertext, so that it is not what these suites wait for. */
function remembering(arns) {
  const { decrypt, agree } = privateOperations(arns)
  const answers = new Map()
  const once = (work) => (arn, bytes) => {
    const name = `${arn} ${bytes}`
    if (!answers.has(name)) answers.set(name, work(arn, bytes))
    return answers.get(name)
  }
  return { decrypt: once(decrypt), agree: once(agree) }
}

/** Works on some at a time: in browsers each waits more than it works. */
async function sideBySide(count, work) {
  let next = 0
  await Promise.all(
    Array.from({ length: 24 }, async () => {
      while (next < count) await work(next++)
    }),
  )
}

/**
 * No changed message opens to its end, and nothing leaves from its first changed frame on.
 *
 * @param {import('../support/host.js').Host} host
 */
export function streamTamperSuite(host) {
  const { test, assert } = host

  for (const name of ['RSA-2048-enc', 'P-256-enc']) {
    const setUp = async () => {
      const arns = { [arnOf(name)]: name }
      const { streams, calls } = await openerOver(host, arns, { answer: remembering(arns) })
      const written = await writeMessage({ recipients: [name], context, plaintext, frameLength })
      const texts = new Set()
      const outcomes = { changes: 0, inHeader: 0, ranges: 0 }
      const starts = written.frames.map(
        (_, i) =>
          written.header.length +
          written.frames.slice(0, i).reduce((sum, { length }) => sum + length, 0),
      )
      /** Plaintext of the frames that come before the first byte that is not the message's. */
      const intact = (changed) => {
        const { message } = written
        let at = 0
        while (at < changed.length && at < message.length && changed[at] === message[at]) at++
        if (at < written.header.length) return undefined
        return plaintext.subarray(0, starts.findLastIndex((start) => start <= at) * frameLength)
      }
      /**
       * Opens what was changed, whole and, where its header is intact, as a range: it must fail and
       * release nothing that it should not.
       */
      const refuses = async (changed, what) => {
        outcomes.changes++
        const expected = intact(changed)
        const released = []
        let code
        try {
          await collect((await streams.openStream(changed, { context })).readable, released)
        } catch (caught) {
          const error = /** @type {import('#dist/doors/index.js').SealdropError} */ (caught)
          code = error.code
          if (code === 'rejected')
            texts.add(`${error.message} ${error.retryable} ${Object.hasOwn(error, 'cause')}`)
        }
        assert.include(closedList, code, `${what} opened to its end, or failed in another way`)
        const bytes = concat(...released)
        assert.isAtMost(
          bytes.length,
          expected?.length ?? 0,
          `${what}: more left than the frames before the change`,
        )
        assert.deepEqual(bytes, plaintext.subarray(0, bytes.length), what)
        // a range reads headers by the same code
        if (expected === undefined) return outcomes.inHeader++
        const range = []
        outcomes.ranges++
        const whole = await streams
          .openRange(byteSource(changed), 0, Infinity, { context })
          .then(({ readable }) => collect(readable, range))
          .then(
            () => 'opened',
            (error) => error.code,
          )
        assert.include(closedList, whole, `${what}, as a range`)
        assert.isAtMost(concat(...range).length, expected.length, `${what}, as a range`)
        assert.deepEqual(
          concat(...range),
          plaintext.subarray(0, concat(...range).length),
          `${what}, as a range`,
        )
      }
      /** Checks at the end that something was checked, and that class B failures are one. */
      const done = async (changes) => {
        assert.equal(outcomes.changes, changes)
        assert.isAtMost(calls.length, changes + outcomes.ranges, 'each asks the key once at most')
        assert.isAtMost(texts.size, 1, 'class B failures are one error')
        assert.deepEqual(
          await collect((await streams.openStream(written.message, { context })).readable),
          plaintext,
        )
      }
      return { ...written, refuses, done, texts, outcomes }
    }

    test(`every bit flipped in a message for ${name}: none opens to its end`, async () => {
      const { message, header, refuses, done, texts, outcomes } = await setUp()
      const bits = bitsOf(host, message.length * 8)
      await sideBySide(bits.length, async (index) => {
        const bit = bits[index]
        const changed = message.slice()
        changed[bit >> 3] ^= 1 << (bit & 7)
        await refuses(changed, `bit ${bit}`)
      })
      await done(bits.length)
      assert.equal(texts.size, 1)
      const inHeader = bits.filter((bit) => bit < header.length * 8)
      assert.equal(outcomes.inHeader, inHeader.length)
    })

    test(`every byte left out of a message for ${name}, or put into it: none opens to its end`, async () => {
      const { message, refuses, done } = await setUp()
      const places = bitsOf(host, message.length)
      await sideBySide(places.length, async (index) => {
        const at = places[index]
        await refuses(
          concat(message.subarray(0, at), message.subarray(at + 1)),
          `byte ${at} left out`,
        )
        for (const byte of [message[at], message[at - 1] ?? 1, 0x00, 0xff])
          await refuses(
            concat(message.subarray(0, at), [byte], message.subarray(at)),
            `${byte} put in at ${at}`,
          )
      })
      await done(places.length * 5)
    })

    // what follows the header is the same for every kind of key
    if (name === 'RSA-2048-enc') continue

    test(`every truncation of a message for ${name}, and a byte more at its end: none opens to its end`, async () => {
      const { message, refuses, done } = await setUp()
      const cut = bitsOf(host, message.length)
      await sideBySide(cut.length, (index) =>
        refuses(message.slice(0, cut[index]), `cut at ${cut[index]}`),
      )
      const added = bitsOf(host, 256)
      await sideBySide(added.length, (index) =>
        refuses(concat(message, [added[index]]), `${added[index]} added`),
      )
      await done(cut.length + added.length)
    })

    test(`frames of a message for ${name} in another order, repeated, left out or of another message: none opens to its end`, async () => {
      const { message, header, frames, id, dataKey, refuses, done } = await setUp()
      const same = await writeMessage({
        recipients: [name],
        context,
        plaintext: pattern(13).reverse(),
        frameLength,
        dataKey,
      })
      const other = await writeMessage({ recipients: [name], context, plaintext, frameLength })
      assert.notDeepEqual(same.id, id)
      const pool = [...frames, ...same.frames, ...other.frames]
      const places = pool.map((_, i) => i)
      const longer = (rows) => rows.flatMap((row) => places.map((i) => [...row, i]))
      const upToThree = [[[]], longer([[]]), longer(longer([[]])), longer(longer(longer([[]])))]
        .flat()
        .filter((chosen) => chosen.join() !== '0,1,2')
      const four = [
        [0, 1, 2, 2],
        [0, 1, 1, 2],
        [0, 0, 1, 2],
        [0, 1, 2, 0],
        [0, 1, 2, 5],
        [0, 1, 2, 8],
      ]
      const arrangements = [...upToThree, ...four].map((chosen) => [
        concat(header, ...chosen.map((i) => pool[i])),
        `frames ${chosen}`,
      ])
      for (const foreign of [same, other])
        arrangements.push([concat(foreign.header, ...frames), 'another header'])
      assert.equal(arrangements.length, 1 + 9 + 81 + 729 - 1 + 6 + 2)
      const tried = partOf(host, arrangements, 4)
      await sideBySide(tried.length, (i) => refuses(...tried[i]))
      assert.equal(message.length, concat(header, ...frames).length)
      await done(tried.length)
    })
  }
}
