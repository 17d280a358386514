import { encryptionKeys, fails } from '../support/host.js'
import { chunkDigestOf, fromBase64url, toBase64url } from '../support/message-format.js'
import { parseHeader, readMessage } from '../support/message-reader.js'
import { arnOf } from '../support/seal-with-jose.js'
import {
  collect,
  inPieces,
  pattern,
  refillingSource,
  sourceKinds,
  streamJwk,
  streamKeys,
  streamOf,
} from '../support/sources.js'

const context = { form: 'claim' }
const frameLength = 16
const lengths = [
  0,
  1,
  frameLength - 1,
  frameLength,
  frameLength + 1,
  3 * frameLength,
  3 * frameLength + 5,
]
const framesOf = (length, size = frameLength) => Math.max(1, Math.ceil(length / size))

/**
 * What sealStream writes, read by a reader made from the specification: the public door only.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function streamsSuite(host) {
  const { test, assert, door } = host
  const { sealStream, sealedLength, inspect, importKeySet, inHand } = door
  const keysOf = (...names) => streamKeys(door, ...names)

  for (const name of encryptionKeys) {
    test(`a stream sealed to ${name} is the message of the specification`, async () => {
      for (const { length, bound } of [
        { length: 0, bound: {} },
        { length: 50, bound: context },
      ]) {
        const sealed = await sealStream(keysOf(name), pattern(length), {
          context: bound,
          frameLength,
        })
        const { plaintext, frames, ...header } = await readMessage(
          await collect(sealed.readable),
          name,
        )
        assert.deepEqual(plaintext, pattern(length))
        assert.equal(frames.length, framesOf(length))
        assert.deepEqual(header.context, bound)
        assert.equal(header.frameLength, frameLength)
        assert.equal(toBase64url(header.id), sealed.messageId)
        assert.deepEqual(
          sealed.recipients.map(({ arn, use }) => [arn, use]),
          [[name.startsWith('RSA') ? arnOf(name) : undefined, 'enc']],
        )
      }
    })
  }

  for (const [kind, sourceOf] of Object.entries(sourceKinds)) {
    test(`any length in any pieces of a ${kind} gives the same plaintext, in frames that are full but the last`, async () => {
      const keys = keysOf('P-256-enc')
      let runs = 0
      for (const length of lengths) {
        for (const sizes of [[1], [7, 0, 3], [frameLength], [1000]]) {
          const bytes = pattern(length)
          const sealed = await sealStream(keys, sourceOf(bytes, ...sizes), { context, frameLength })
          const message = await collect(sealed.readable)
          const { plaintext, frames } = await readMessage(message, 'P-256-enc')
          assert.deepEqual(plaintext, bytes)
          assert.deepEqual(
            frames.map((frame) => frame.length),
            Array.from({ length: framesOf(length) }, (_, i) =>
              Math.min(frameLength, length - i * frameLength),
            ),
          )
          if (sealed.length !== undefined) assert.equal(sealed.length, message.length)
          runs++
        }
      }
      assert.equal(runs, lengths.length * 4)
    })
  }

  test('the default frame length is 512 KiB, and a message of some MiB is whole', async () => {
    const bytes = pattern(1_600_000)
    const message = await collect(
      (await sealStream(keysOf('P-256-enc'), new Blob([bytes]), { context: {} })).readable,
    )
    const { frameLength: found, frames, plaintext } = await readMessage(message, 'P-256-enc')
    assert.equal(found, 524_288)
    assert.deepEqual(
      frames.map(({ length }) => length),
      [524_288, 524_288, 524_288, 1_600_000 - 3 * 524_288],
    )
    assert.deepEqual(plaintext, bytes)
  })

  test('length is known before a byte is read, equals sealedLength, and is what comes', async () => {
    let runs = 0
    /** @type {Record<string, string>[]} */
    const contexts = [{}, context, { ü: '😀' }]
    for (const names of [['RSA-2048-enc'], ['P-521-enc'], ['RSA-4096-enc', 'P-384-enc']]) {
      const keys = names.map((name) => keysOf(name))
      for (const length of lengths) {
        for (const bound of contexts) {
          const o = { context: bound, frameLength }
          const seen = {}
          const sealed = await sealStream(keys, streamOf(inPieces(pattern(length), 5), seen), {
            ...o,
            length,
          })
          assert.equal(seen.pulled, 0, 'nothing is read before readable is')
          assert.equal(sealed.length, await sealedLength(keys, length, o))
          assert.equal((await collect(sealed.readable)).length, sealed.length)
          runs++
        }
      }
    }
    assert.equal(runs, 3 * lengths.length * 3)
    assert.isFalse('length' in (await sealStream(keysOf('P-256-enc'), streamOf([]), { context })))
  })

  test('digest is the chunk digest of the ciphertext, what inspect finds, and over more than one chunk', async () => {
    for (const [length, size] of [
      [0, frameLength],
      [100, frameLength],
      [2_500_000, 400_000],
    ]) {
      const sealed = await sealStream(keysOf('P-256-enc'), pattern(length), {
        context,
        frameLength: size,
      })
      const message = await collect(sealed.readable)
      const digest = await sealed.digest
      assert.equal(digest, await chunkDigestOf(message))
      for (const input of [message, new Blob([message]), streamOf(inPieces(message, 65_537))]) {
        const found = await inspect(input)
        assert.deepEqual(
          { ...found, context: { ...found.context } },
          {
            kind: 'stream',
            context,
            recipients: found.recipients,
            messageId: sealed.messageId,
            length: message.length,
            digest,
          },
        )
      }
    }
  })

  test('digest: false gives the same message and a digest that rejects', async () => {
    const sealed = await sealStream(keysOf('P-256-enc'), pattern(40), {
      context,
      frameLength,
      digest: false,
    })
    assert.deepEqual(
      (await readMessage(await collect(sealed.readable), 'P-256-enc')).plaintext,
      pattern(40),
    )
    await fails(assert, sealed.digest, 'invalid_argument', /digest: false/)
  })

  test('two messages of one plaintext share neither id nor data key nor ciphertext', async () => {
    const keys = keysOf('RSA-2048-enc')
    const messages = await Promise.all(
      [1, 2].map(async () =>
        parseHeader(await collect((await sealStream(keys, pattern(5), { context })).readable)),
      ),
    )
    for (const field of ['id', 'commitment', 'tag'])
      assert.notDeepEqual(messages[0][field], messages[1][field])
    assert.notDeepEqual(messages[0].dataKeys[0].ciphertext, messages[1].dataKeys[0].ciphertext)
  })

  test('a byte source that fills the same memory again, as a Buffer of Node whose slice copies nothing, is read as it is', async () => {
    const message = await collect(
      (await sealStream(keysOf('P-256-enc'), pattern(5_000_000), { context })).readable,
    )
    assert.equal((await inspect(refillingSource(message))).digest, await chunkDigestOf(message))
  })

  const twelve = encryptionKeys.flatMap((name) => [name, name.replace('enc', 'sig')])

  test('each of up to 8 recipients opens the same message, in the order of the key sets', async () => {
    for (const count of [1, 2, 8]) {
      const names = twelve.slice(0, count)
      const sealed = await sealStream(
        names.map((name) => keysOf(name)),
        pattern(50),
        { context, frameLength },
      )
      const message = await collect(sealed.readable)
      assert.equal(message.length, sealed.length)
      const { dataKeys } = parseHeader(message)
      assert.deepEqual(
        dataKeys.map(({ provider }) => provider),
        names.map((name) => (name.startsWith('RSA') ? 'aws-kms-rsa' : 'raw-ecdh')),
      )
      for (const name of names)
        assert.deepEqual((await readMessage(message, name)).plaintext, pattern(50))
      const { recipients } = await inspect(message)
      assert.deepEqual(
        recipients,
        dataKeys.map(({ provider, info }) =>
          provider === 'aws-kms-rsa'
            ? new TextDecoder().decode(info)
            : toBase64url(info.slice(5, 5 + (info.length - 9) / 2)),
        ),
      )
    }
  })

  test('no recipient, 9 of them, and one key twice are refused', async () => {
    for (const names of [[], twelve.slice(0, 9), ['P-256-enc', 'RSA-2048-enc', 'P-256-enc']]) {
      const keys = names.map((name) => keysOf(name))
      await fails(assert, sealStream(keys, pattern(1), { context }), 'invalid_argument', /^key/)
      await fails(assert, sealedLength(keys, 1, { context }), 'invalid_argument', /^key/)
    }
  })

  test('the pairs of a context stand in the order of the UTF-8 bytes of their names', async () => {
    const trap = {
      '😀x': '1',
      '～y': '2',
      b: '0',
      a: 'ü',
      A: '3',
      aa: '4',
      é: '5',
      '\u0000': '6',
      1: '7',
      constructor: '8',
    }
    const { names, context: found } = parseHeader(
      await collect(
        (await sealStream(keysOf('P-256-enc'), pattern(1), { context: trap })).readable,
      ),
    )
    assert.deepEqual(names, ['\u0000', '1', 'A', 'a', 'aa', 'b', 'constructor', 'é', '～y', '😀x'])
    assert.deepEqual(found, { ...trap })
    assert.deepEqual(
      {
        ...(
          await inspect(
            (await sealStream(keysOf('P-256-enc'), pattern(1), { context: trap })).readable,
          )
        ).context,
      },
      trap,
    )
  })

  test('onProgress is told of plaintext after each frame, with the total where it is known, and one that throws changes nothing', async () => {
    const told = async (source, o) => {
      const calls = []
      await collect(
        (
          await sealStream(keysOf('P-256-enc'), source, {
            context,
            frameLength,
            onProgress: (p) => {
              calls.push(p)
              throw new Error('theirs')
            },
            ...o,
          })
        ).readable,
      )
      return calls
    }
    const done = [16, 32, 40]
    assert.deepEqual(
      await told(pattern(40)),
      done.map((n) => ({ done: n, total: 40 })),
    )
    assert.deepEqual(
      await told(streamOf([pattern(40)])),
      done.map((n) => ({ done: n })),
    )
    assert.deepEqual(
      await told(streamOf([pattern(40)]), { length: 40 }),
      done.map((n) => ({ done: n, total: 40 })),
    )
    assert.deepEqual(await told(pattern(0)), [{ done: 0, total: 0 }])
  })

  test('an RSA key without an ARN, or with an alias, receives no stream; an elliptic-curve key of the same set is chosen', async () => {
    const alias = 'arn:aws:kms:eu-central-1:111122223333:alias/x'
    for (const arn of [undefined, alias, arnOf('x').replace('arn:', ''), `${arnOf('x')}/`]) {
      const rsa = streamJwk('RSA-2048-enc', { kms_arn: arn })
      const alone = importKeySet({ keys: [rsa] }, { trust: inHand() })
      const error = await fails(
        assert,
        sealStream(alone, pattern(1), { context }),
        'no_usable_key',
        arn === undefined ? /no key ARN/ : /ARN/i,
      )
      assert.isFalse(error.retryable)
      await fails(assert, sealedLength(alone, 1, { context }), 'no_usable_key')
      const both = importKeySet({ keys: [rsa, streamJwk('P-384-enc')] }, { trust: inHand() })
      const sealed = await sealStream(both, pattern(1), { context })
      assert.deepEqual(
        (await readMessage(await collect(sealed.readable), 'P-384-enc')).plaintext,
        pattern(1),
      )
    }
    const first = importKeySet(
      { keys: [streamJwk('RSA-2048-enc'), streamJwk('P-384-enc')] },
      { trust: inHand() },
    )
    assert.equal(
      (await sealStream(first, pattern(1), { context })).recipients[0].arn,
      arnOf('RSA-2048-enc'),
    )
  })

  test('a message id is 32 bytes of base64url', async () => {
    const { messageId } = await sealStream(keysOf('P-256-enc'), pattern(1), { context })
    assert.equal(fromBase64url(messageId).length, 32)
  })
}
