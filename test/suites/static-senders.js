import { fails } from '../support/host.js'
import { compress, fromBase64url, toBase64url, utf8 } from '../support/message-format.js'
import { parseHeader } from '../support/message-reader.js'
import { writeMessage } from '../support/message-writer.js'
import { openerOf, openerOver } from '../support/seal-with-jose.js'
import { collect, pattern } from '../support/sources.js'
import { keys, messages } from '../vectors/esdk-static-sender.js'

const context = { form: 'claim' }
const provider = 'aws-kms-ecdh'
const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))

/**
 * Messages whose sender's key is in KMS too, as AWS's KMS ECDH keyring writes them.
 *
 * @param {import('../support/host.js').Host} host
 */
export function staticSendersSuite(host) {
  const { test, assert, door } = host
  /** What the specification's writer makes, under this provider. */
  const written = (names, change = (found) => found) =>
    writeMessage({
      recipients: names,
      context,
      plaintext: pattern(9),
      wrong: { dataKeys: (found) => change(found.map(([, ...rest]) => [utf8(provider), ...rest])) },
    })
  const opened = async (streams, message) =>
    collect((await streams.openStream(message, { context })).readable)

  for (const [index, { key, context: bound, plaintext, message }] of messages.entries())
    test(`message ${index} of AWS's SDK with a static sender, for ${key}, opens with one private operation`, async () => {
      const { arn, jwk } = keys[key]
      const { streams, calls } = await openerOver(host, { [arn]: jwk })
      const bytes = bytesOf(message)
      const { readable, ...found } = await streams.openStream(bytes, { context: bound })
      assert.deepEqual(await collect(readable), utf8(plaintext))
      assert.deepEqual({ ...found.context }, bound)
      assert.equal(found.key.arn, arn)
      assert.deepEqual(
        calls.map(({ operation, arn: called }) => [operation, called]),
        [['agree', arn]],
      )
      const { recipients } = await door.inspect(bytes)
      assert.deepEqual(recipients, [toBase64url(compress(jwk))])
      assert.equal(parseHeader(bytes).dataKeys[0].provider, provider)

      const other = await openerOf(host, ['P-256-enc', 'P-384-enc', 'P-521-enc'])
      const unknown = await other.streams.openStream(bytes, { context: bound }).catch((e) => e.code)
      assert.equal(unknown, 'key_not_found')
      for (const at of [bytes.length - 1, bytes.length - 40]) {
        const changed = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
        await fails(
          assert,
          streams.openStream(changed, { context: bound }).then((o) => collect(o.readable)),
          ['rejected', 'malformed'],
        )
      }
    })

  test('what changes a data key of a static sender is rejected after one private operation', async () => {
    for (const name of ['P-256-enc', 'P-521-enc'])
      for (const at of [0, 32, 64, 111]) {
        const { message } = await written([name], ([[id, info, ciphertext]]) => [
          [id, info, ciphertext.map((byte, i) => (i === at ? byte ^ 1 : byte))],
        ])
        const { streams, calls } = await openerOf(host, [name])
        await fails(assert, opened(streams, message), 'rejected')
        assert.equal(calls.length, 1)
      }
  })

  test('a data key of a static sender that is not of its form is malformed and asks no key', async () => {
    /** @type {((info: Uint8Array, ciphertext: Uint8Array) => Uint8Array[])[]} */
    const changes = [
      () => [new Uint8Array([1, 2]), new Uint8Array(3)],
      (info, ciphertext) => [info, ciphertext.slice(1)],
      (info, ciphertext) => [info.slice(0, -1), ciphertext],
      (info, ciphertext) => [info.with(0, 2), ciphertext],
      (info, ciphertext) => [info.with(42, 4), ciphertext],
      // no point of P-256 has this x
      (info, ciphertext) => [info.fill(0, 43).with(info.length - 1, 1), ciphertext],
    ]
    for (const change of changes) {
      const { message } = await written(['P-256-enc'], ([[id, info, ciphertext]]) => [
        [id, ...change(info, ciphertext)],
      ])
      const { streams, calls } = await openerOf(host, ['P-256-enc'])
      await fails(assert, opened(streams, message), 'malformed')
      assert.equal(calls.length, 0)
    }
  })

  test('one recipient may have a data key of each provider, and not two of one', async () => {
    const twice = (found) => [...found, ...found]
    const both = ([[id, ...rest]]) => [
      [utf8('raw-ecdh'), ...rest],
      [id, ...rest],
    ]
    const { streams, calls } = await openerOf(host, ['P-256-enc'])
    const { message } = await written(['P-256-enc'], both)
    assert.deepEqual(await opened(streams, message), pattern(9))
    assert.equal(calls.length, 1)
    const { message: repeated } = await written(['P-256-enc'], twice)
    await fails(assert, opened(streams, repeated), 'malformed', /two encrypted data keys/)
  })

  test('what is sealed here never has a static sender', async () => {
    const [{ key }] = messages
    const { d: _d, ...jwk } = keys[key].jwk
    const set = door.importKeySet(jwk, { trust: door.inHand(), use: 'enc' })
    const sealed = await door.sealStream(set, pattern(9), { context })
    const { dataKeys } = parseHeader(await collect(sealed.readable))
    assert.equal(dataKeys[0].provider, 'raw-ecdh')
    assert.equal(fromBase64url(sealed.messageId).length, 32)
  })
}
