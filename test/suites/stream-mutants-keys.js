import { fails, outcomeOf, publicJwk } from '../support/host.js'
import { writeMessage } from '../support/message-writer.js'
import { arnOf, decompress, openerOf, openerOver } from '../support/seal-with-jose.js'
import { collect, pattern } from '../support/sources.js'
import { wrong } from '../support/types.mjs'

const context = {}

/**
 * What no other suite noticed when a line that finds or asks a key was changed: a test for each
 * such line.
 *
 * @param {import('../support/host.js').Host} host
 */
export function streamMutantsKeysSuite(host) {
  const { test, assert, door, rooms } = host
  const over = (names, o) => openerOf(host, [names].flat(), o)
  const opened = async (streams, message, o) =>
    collect((await streams.openStream(message, { context, ...o })).readable)

  test('a data key for an RSA key names no other kind of key, even by its ARN', async () => {
    const { message } = await writeMessage({
      recipients: [{ name: 'RSA-2048-enc', arn: arnOf('P-256-enc') }],
      context,
    })
    const { streams, calls } = await over('P-256-enc')
    assert.equal(await outcomeOf(streams.openStream(message, { context })), 'key_not_found')
    assert.equal(calls.length, 0)
  })

  test('where every key fails, the first failure is told', async () => {
    const names = ['P-256-enc', 'P-384-enc']
    const { message } = await writeMessage({ recipients: names, context })
    const failing = async (arn) => {
      throw new door.SealdropError(
        arn === arnOf(names[0]) ? 'kms_denied' : 'kms_unavailable',
        'down',
      )
    }
    const { streams, calls } = await over(names, { answer: { agree: failing } })
    await fails(assert, streams.openStream(message, { context }), 'kms_denied')
    assert.equal(calls.length, 2)
  })

  test('a data key that does not unwrap is replaced by none that anybody could know', async () => {
    const zeros = new Uint8Array(32)
    const flipped = (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))
    for (const recipient of [
      { name: 'RSA-2048-enc', payload: () => new Uint8Array(80) },
      { name: 'RSA-2048-enc', payload: (digest) => digest },
      { name: 'P-256-enc', ciphertext: flipped },
    ]) {
      const { message } = await writeMessage({
        recipients: [recipient],
        context,
        plaintext: pattern(9),
        dataKey: zeros,
      })
      const { streams, calls } = await over(recipient.name)
      await fails(assert, opened(streams, message), 'rejected')
      assert.equal(calls.length, 1)
    }
  })

  test('an ARN behind other text is none, and only ids that begin with mrk- are of several Regions', async () => {
    const { message } = await writeMessage({
      recipients: [{ name: 'RSA-2048-enc', arn: `x${arnOf('RSA-2048-enc')}` }],
      context,
    })
    const { streams } = await over('RSA-2048-enc')
    await fails(assert, streams.openStream(message, { context }), 'malformed', /ARN/)
    const { message: far } = await writeMessage({
      recipients: [{ name: 'RSA-2048-enc', arn: arnOf('a-mrk-1', 'eu-west-1') }],
      context,
    })
    const { streams: near, calls } = await openerOver(host, {
      [arnOf('a-mrk-1', 'us-east-1')]: 'RSA-2048-enc',
    })
    assert.equal(await outcomeOf(near.openStream(far, { context })), 'key_not_found')
    assert.equal(calls.length, 0)
  })

  test('the private operation is given the signal of its caller', async () => {
    for (const name of ['RSA-2048-enc', 'P-256-enc']) {
      const { message } = await writeMessage({ recipients: [name], context })
      const { use: _use, ...jwk } = publicJwk(name)
      const { signal } = new AbortController()
      const seen = []
      const operation = async (arn, bytes, given) => {
        seen.push(given)
        return new Uint8Array(32)
      }
      const key = { arn: arnOf(name), jwk, info: { thumbprint: name } }
      const opener = new rooms.StreamOpener({
        keys: wrong({ find: async () => [key] }),
        operations: { decrypt: operation, agree: operation },
        cache: rooms.noCache,
        now: Date.now,
        decompress,
      })
      await fails(assert, opener.openStream(message, { context, signal }), 'rejected')
      assert.lengthOf(seen, 1)
      assert.equal(seen[0], signal)
    }
  })
}
