import { fails, outcomeOf } from '../support/host.js'
import { chunkDigestOf, toBase64url, utf8 } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { settle } from '../support/sealed-files.js'
import { hashing } from '../support/subtle.js'
import { collect, inPieces, pattern, streamJwk, streamKeys, streamOf } from '../support/sources.js'

/**
 * What no other suite noticed when a line of inspecting was changed: a test for each such line.
 *
 * @param {import('../support/host.js').Host} host
 */
export function streamMutantsInspectSuite({ test, assert, door }) {
  const { inspect, sealStream } = door

  test('inspect ends with an abort, tells its source, and hashes what it saw', async () => {
    const { readable } = await sealStream(streamKeys(door, 'P-256-enc'), pattern(4_000_000), {
      context: {},
      frameLength: 1_000_000,
    })
    const message = await collect(readable)
    const slow = await hashing(
      async (hash) => {
        const found = await hash()
        await settle()
        return found
      },
      () => inspect(streamOf(inPieces(message, 300_000))),
    )
    assert.deepEqual([slow.length, slow.digest], [message.length, await chunkDigestOf(message)])
    for (const text of ['{"keys":[]}', 'a.b.c', 'a.b.c.d.e'])
      assert.equal(
        await outcomeOf(inspect(text, { signal: AbortSignal.abort('before') })),
        'before',
      )
    const seen = {}
    const error = await fails(
      assert,
      inspect(streamOf(inPieces(new Uint8Array(9_000), 3_000), seen)),
      'unsupported_algorithm',
    )
    assert.equal(seen.cancelled.reason, error)
    const stop = new AbortController()
    const hanging = new ReadableStream(
      {
        pull: () => new Promise(() => {}),
        cancel(reason) {
          seen.told = reason
        },
      },
      { highWaterMark: 0 },
    )
    const inspecting = outcomeOf(inspect(hanging, { signal: stop.signal }))
    await settle()
    stop.abort('enough')
    assert.equal(
      await Promise.race([
        inspecting,
        settle()
          .then(settle)
          .then(() => 'waits'),
      ]),
      'enough',
    )
    assert.equal(seen.told, 'enough')
  })

  test('inspect takes no header without a kid, and no context that is none', async () => {
    const headOf = (header) => toBase64url(utf8(JSON.stringify(header)))
    const jwe = (header) => {
      const head = headOf({ alg: 'ECDH-ES', enc: 'A256GCM', ...header })
      return `${head}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`
    }
    const { recipients, context } = await inspect(jwe({ kid: 'k', ctx: { a: 'b' } }))
    assert.deepEqual([recipients, { ...context }], [['k'], { a: 'b' }])
    for (const header of [
      {},
      { kid: 5 },
      { kid: null },
      { kid: 'k', ctx: { a: 1 } },
      { kid: 'k', ctx: 'a' },
      { kid: 'k', ctx: null },
      { kid: 'k', ctx: [] },
    ])
      await fails(assert, inspect(jwe(header)), 'malformed')
    for (const jti of [undefined, ''])
      assert.match((await inspect(jwe({ kid: 'k', jti }))).messageId, /^sha256:[\w-]{43}$/)
    const text = JSON.stringify({ keys: [streamJwk('P-256-enc', { kid: 'k' })] })
    assert.deepEqual(await inspect(` \n${text}`), { kind: 'key-set', recipients: ['k'] })
    const { message } = await writeMessage({
      wrong: {
        dataKeys: (found) => [
          ...found,
          [utf8('aws-kms-rsa'), new Uint8Array([255]), new Uint8Array(3)],
          [utf8('aws-kms'), new Uint8Array([1]), new Uint8Array(3)],
        ],
      },
    })
    assert.deepEqual((await inspect(message)).recipients.slice(1), ['aws-kms-rsa', 'aws-kms'])
    const jws = (header) =>
      `${headOf({ alg: 'ES256', ...header })}.AAAA.${toBase64url(new Uint8Array(64))}`
    assert.deepEqual((await inspect(jws({ kid: 'k' }))).recipients, ['k'])
    assert.deepEqual((await inspect(jws({}))).recipients, [])
    await fails(assert, inspect('a.b.c.d'), 'malformed')
  })
}
