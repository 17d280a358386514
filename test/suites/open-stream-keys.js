import { fails, ofCodes, publicJwk } from '../support/host.js'
import { writeMessage } from '../support/message-writer.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf, openerOver, plainCache } from '../support/seal-with-jose.js'
import { byteSource, collect, inPieces, pattern, streamOf } from '../support/sources.js'

const context = { form: 'claim' }
const plaintext = pattern(50)
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))
const mrk = (region) =>
  `arn:aws:kms:${region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`

/**
 * Which key is asked, how often, and what ends an opening before its end.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openStreamKeysSuite(host) {
  const { test, assert, door, jose } = host
  const over = (names, o) =>
    openerOver(host, Object.fromEntries([names].flat().map((name) => [arnOf(name), name])), o)
  const opened = async (streams, message, o) =>
    collect((await streams.openStream(message, { context, ...o })).readable)

  test("the ARN that is called is the opener's own; a multi-Region key matches in every Region, another key in none but its own", async () => {
    /** @type {[string, string, boolean][]} */
    const rows = [
      [mrk('us-east-1'), mrk('eu-west-1'), true],
      [mrk('eu-west-1'), mrk('eu-west-1'), true],
      [arnOf('k', 'us-east-1'), arnOf('k', 'us-east-1'), true],
      [arnOf('k', 'us-east-1'), arnOf('k', 'eu-west-1'), false],
      [mrk('us-east-1'), mrk('us-east-1').replace('111122223333', '111122223334'), false],
      [mrk('us-east-1'), mrk('us-east-1').replace('arn:aws:', 'arn:aws-cn:'), false],
      [mrk('us-east-1'), `${mrk('us-east-1')}0`, false],
      [arnOf('k'), arnOf('K'), false],
    ]
    for (const [named, own, fits] of rows) {
      const { message } = await writeMessage({
        recipients: [{ name: 'RSA-2048-enc', arn: named }],
        context,
        plaintext,
      })
      const { streams, calls } = await openerOver(host, { [own]: 'RSA-2048-enc' })
      if (fits) assert.deepEqual(await opened(streams, message), plaintext)
      else
        await fails(
          assert,
          streams.openStream(message, { context }).catch((error) => {
            throw Object.assign(error, { name: 'SealdropError' })
          }),
          'key_not_found',
        )
      assert.deepEqual(
        calls.map(({ arn }) => arn),
        fits ? [own] : [],
      )
    }
  })

  test('an RSA data key that is not below the modulus is malformed and asks no key', async () => {
    const name = 'RSA-2048-enc'
    const { message } = await writeMessage({ recipients: [name], context, plaintext })
    const arn = new TextEncoder().encode(arnOf(name))
    const at = message.findIndex((_, i) => arn.every((byte, j) => message[i + j] === byte))
    assert.isAbove(at, 0)
    const modulus = jose.base64url.decode(publicJwk(name).n)
    for (const bytes of [modulus, new Uint8Array(256).fill(0xff)]) {
      const { streams, calls } = await over(name)
      const changed = message.slice()
      changed.set(bytes, at + arn.length + 2)
      await fails(assert, opened(streams, changed), 'malformed', /below the modulus/)
      assert.equal(calls.length, 0)
    }
  })

  test('each recipient opens, also beside data keys of providers that are not ours', async () => {
    const recipients = ['RSA-2048-enc', 'P-256-enc', 'P-521-enc']
    const foreign = ['aws-kms', 'my.keyring', 'aws-kms-hierarchy', ''].map((provider) => [
      new TextEncoder().encode(provider),
      new Uint8Array([1, 2]),
      new Uint8Array(3),
    ])
    const { message } = await writeMessage({
      recipients,
      context,
      plaintext,
      wrong: { dataKeys: (found) => [...foreign, ...found] },
    })
    for (const name of recipients) {
      const { streams, calls } = await over(name)
      assert.deepEqual(await opened(streams, message), plaintext)
      assert.equal(calls.length, 1)
    }
    const { streams, calls } = await over('P-384-enc')
    assert.equal(
      await streams.openStream(message, { context }).catch(({ code }) => code),
      'key_not_found',
    )
    const { message: nobodys } = await writeMessage({ context, wrong: { dataKeys: () => foreign } })
    assert.equal(
      await streams.openStream(nobodys, { context }).catch(({ code }) => code),
      'key_not_found',
    )
    assert.equal(calls.length, 0)
  })

  for (const { what, arns, recipients } of [
    {
      what: 'replica',
      arns: { [mrk('eu-west-1')]: 'RSA-2048-enc', [mrk('us-east-1')]: 'RSA-2048-enc' },
      recipients: [{ name: 'RSA-2048-enc', arn: mrk('us-east-1') }],
    },
    {
      what: 'recipient',
      arns: { [arnOf('P-256-enc')]: 'P-256-enc', [arnOf('RSA-2048-enc')]: 'RSA-2048-enc' },
      recipients: ['RSA-2048-enc', 'P-256-enc'],
    },
  ]) {
    test(`another ${what} is asked after kms_unavailable, kms_denied and key_unusable, never after an answer or another failure`, async () => {
      const { message } = await writeMessage({ recipients, context, plaintext })
      const [first, second] = Object.keys(arns)
      const firstFailing = (fail) => {
        const real = privateOperations(arns)
        return {
          decrypt: (arn, x) => (arn === first ? fail() : real.decrypt(arn, x)),
          agree: (arn, x) => (arn === first ? fail() : real.agree(arn, x)),
        }
      }
      for (const code of ofCodes('kms_unavailable', 'kms_denied', 'key_unusable')) {
        const { streams, calls } = await openerOver(host, arns, {
          answer: firstFailing(() => {
            throw new door.SealdropError(code, 'down')
          }),
        })
        const { key, readable } = await streams.openStream(message, { context })
        assert.equal(key.arn, second)
        assert.deepEqual(await collect(readable), plaintext)
        assert.deepEqual(
          calls.map(({ arn }) => arn),
          [first, second],
        )
      }
      for (const code of ofCodes('kms_throttled', 'kms_unexpected', 'kms_denied')) {
        const all = () => {
          throw new door.SealdropError(code, 'down')
        }
        const { streams, calls } = await openerOver(host, arns, {
          answer: { decrypt: all, agree: all },
        })
        await fails(assert, streams.openStream(message, { context }), code)
        assert.equal(calls.length, code === 'kms_denied' ? 2 : 1)
      }
      for (const answer of [async () => new Uint8Array(32), async () => new Uint8Array(80)]) {
        const { streams, calls } = await openerOver(host, arns, { answer: firstFailing(answer) })
        await fails(assert, streams.openStream(message, { context }), 'rejected')
        assert.equal(calls.length, 1, 'a wrong answer is an answer')
      }
    })
  }

  test('where one recipient is gone and another does not answer now, the error says that it may do so later', async () => {
    const arns = { [arnOf('P-256-enc')]: 'P-256-enc', [arnOf('RSA-2048-enc')]: 'RSA-2048-enc' }
    const { message } = await writeMessage({
      recipients: ['RSA-2048-enc', 'P-256-enc'],
      context,
      plaintext,
    })
    const gone = async () => {
      throw new door.SealdropError('key_unusable', 'pending deletion')
    }
    const down = async () => {
      throw new door.SealdropError('kms_unavailable', 'down', { retryable: true })
    }
    for (const answer of [
      { agree: gone, decrypt: down },
      { agree: down, decrypt: gone },
    ]) {
      const { streams, calls } = await openerOver(host, arns, { answer })
      await fails(assert, streams.openStream(message, { context }), 'kms_unavailable')
      assert.equal(calls.length, 2)
    }
    const { streams } = await openerOver(host, arns, { answer: { agree: gone, decrypt: gone } })
    await fails(assert, streams.openStream(message, { context }), 'key_unusable')
  })

  test('a message opened again asks the key again, and with a cache does not; a cache is filled only by what authenticated', async () => {
    for (const name of ['RSA-2048-enc', 'P-384-enc']) {
      const { message } = await writeMessage({ recipients: [name], context, plaintext })
      const { message: other } = await writeMessage({ recipients: [name], context, plaintext })
      const { message: broken } = await writeMessage({
        recipients: [name],
        context,
        plaintext,
        wrong: { tag: (tag) => tag.map((byte) => byte ^ 1) },
      })
      const kept = plainCache()
      for (const { cache, expected, ranged } of [
        { cache: host.rooms.noCache, expected: 3, ranged: 5 },
        { cache: kept, expected: 2, ranged: 3 },
      ]) {
        const { streams, calls } = await over(name, { cache })
        for (const bytes of [message, message, other])
          assert.deepEqual(await opened(streams, bytes), plaintext)
        assert.equal(calls.length, expected)
        await fails(assert, streams.openStream(broken, { context }), 'rejected')
        if (cache === kept) assert.equal(kept.entries.size, 2)
        assert.deepEqual(
          await collect((await streams.openRange(new Blob([message]), 3, 9, { context })).readable),
          plaintext.slice(3, 9),
        )
        assert.equal(calls.length, ranged)
      }
    }
  })

  test('a cached data key opens nothing under a context, or an id, that it was not made for', async () => {
    const { streams, calls } = await over('P-256-enc', { cache: plainCache() })
    const { message } = await writeMessage({ context, plaintext })
    await opened(streams, message)
    const id = message.slice()
    id[5] ^= 1
    await fails(assert, streams.openStream(id, { context }), 'rejected')
    assert.equal(calls.length, 1)
    const value = message.slice()
    value[3 + 32 + 2 + 2 + 2 + 4 + 2] ^= 1 // the first character of 'claim'
    await fails(assert, streams.openStream(value, { context: () => true }), 'rejected')
    assert.equal(calls.length, 2, 'another context is another data key')
  })

  test('with a maximum age a stream is expired before the key is asked, since it has no time', async () => {
    const { message } = await writeMessage({ context, plaintext })
    const { streams, calls } = await over('P-256-enc', { maxAge: 60_000 })
    await fails(assert, streams.openStream(message, { context }), 'expired')
    await fails(assert, streams.openRange(new Blob([message]), 0, 1, { context }), 'expired')
    const { streams: others, calls: theirs } = await over('P-256-enc')
    await fails(assert, others.openStream(message, { context, maxAge: 1 }), 'expired')
    assert.equal(calls.length + theirs.length, 0)
  })

  test('a context that is none is invalid_argument, and a function decides about what it finds, with true alone', async () => {
    const { message } = await writeMessage({ context, plaintext })
    const { streams, calls } = await over('P-256-enc')
    for (const bad of [
      undefined,
      null,
      5,
      [],
      { a: 1 },
      { 'sealdrop:path': '/a' },
      { 'aws-crypto-x': '' },
    ])
      await fails(assert, streams.openStream(message, { context: bad }), 'invalid_argument')
    await fails(assert, streams.openStream(message), 'invalid_argument')
    for (const wrong of [
      () => 1,
      () => undefined,
      async () => true,
      async () => {
        throw new Error('x')
      },
      (found) => found.form === 'other',
    ])
      await fails(assert, streams.openStream(message, { context: wrong }), 'context_mismatch')
    assert.equal(calls.length, 0)
    assert.deepEqual(
      await opened(streams, message, {
        context: (found) => found.form === 'claim' && Object.isFrozen(found),
      }),
      plaintext,
    )
  })

  test("an abort ends an opening before, at and behind the private operation, with the signal's reason, and cancels the source", async () => {
    const { message } = await writeMessage({ context, plaintext })
    const reason = new Error('changed my mind')
    for (const open of [
      (streams, o) => streams.openStream(new Blob([message]), o),
      (streams, o) => streams.openRange(new Blob([message]), 0, 40, o),
    ]) {
      const { streams, calls } = await over('P-256-enc')
      assert.equal(
        await open(streams, { context, signal: AbortSignal.abort(reason) }).catch((error) => error),
        reason,
      )
      assert.equal(calls.length, 0)
      const stop = new AbortController()
      const { streams: hanging } = await over('P-256-enc', {
        answer: {
          agree: () => {
            stop.abort(reason)
            return new Promise(() => {})
          },
        },
      })
      assert.equal(
        await open(hanging, { context, signal: stop.signal }).catch((error) => error),
        reason,
      )
      const later = new AbortController()
      const { readable } = await open(streams, { context, signal: later.signal })
      const reader = readable.getReader()
      await reader.read()
      later.abort(reason)
      assert.equal(await reader.read().catch((error) => error), reason)
    }
    for (const end of ['abort', 'cancel']) {
      const seen = {}
      const stop = new AbortController()
      const { streams } = await over('P-256-enc')
      const long = await writeMessage({ context, plaintext: pattern(5_000) })
      const { readable } = await streams.openStream(streamOf(inPieces(long.message, 40), seen), {
        context,
        signal: stop.signal,
      })
      const reader = readable.getReader()
      await reader.read()
      if (end === 'abort') stop.abort(reason)
      else await reader.cancel(reason)
      await settled()
      assert.equal(seen.cancelled.reason, reason)
      assert.isBelow(seen.pulled, 70, 'it was not read to its end')
    }
  })

  test('a source that throws or gives no bytes fails as itself, before and behind the header', async () => {
    const { message } = await writeMessage({ context, plaintext })
    const theirs = new Error('disk')
    for (const after of [0, 10, 320]) {
      const { streams, calls } = await over('P-256-enc')
      const throwing = (async function* () {
        yield message.subarray(0, after)
        throw theirs
      })()
      const error = await fails(assert, opened(streams, throwing), 'source_failed')
      assert.equal(error.cause, theirs)
      await fails(
        assert,
        opened(streams, streamOf([message.subarray(0, after), 'text'])),
        'invalid_argument',
      )
      await fails(
        assert,
        opened(streams, byteSource(message, { read: async () => message.subarray(1) })),
        'source_failed',
      )
      assert.equal(calls.length, 0, 'the header is looked at with all that one read brings')
    }
  })

  test('an observer is told once of an opening and of what fails, with the number of calls and never content', async () => {
    const { message } = await writeMessage({ context, plaintext })
    const { streams, events } = await over('P-256-enc')
    const { messageId, key, readable } = await streams.openStream(message, { context })
    assert.deepEqual(events.splice(0), [
      { event: 'opened', messageId, key: key.thumbprint, kmsCalls: 1 },
    ])
    await collect(readable)
    await fails(assert, streams.openStream(message, { context: {} }), 'context_mismatch')
    assert.deepEqual(events.splice(0), [
      { event: 'failed', code: 'context_mismatch', whose: 'operator', kmsCalls: 0 },
    ])
    await fails(assert, opened(streams, message.slice(0, -1)), 'malformed')
    assert.deepEqual(
      events.splice(0).map(({ event, code, whose, kmsCalls }) => [event, code, whose, kmsCalls]),
      [
        ['opened', undefined, undefined, 1],
        ['failed', 'malformed', 'sender', 0],
      ],
    )
    const { message: wrong } = await writeMessage({
      context,
      wrong: { commitment: (bytes) => bytes.map((byte) => byte ^ 1) },
    })
    await fails(assert, streams.openRange(new Blob([wrong]), 0, 1, { context }), 'rejected')
    assert.deepEqual(events.splice(0), [
      { event: 'failed', code: 'rejected', whose: 'sender', kmsCalls: 1 },
    ])
  })
}
