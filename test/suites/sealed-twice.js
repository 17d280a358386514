import { fails, keysInHand, keySetOf, publicJwk } from '../support/host.js'
import { openerOf, sealWithJose } from '../support/seal-with-jose.js'
import {
  byteSource,
  collect,
  inPieces,
  iterate,
  streamJwk,
  streamKeys,
} from '../support/sources.js'

const context = {}
const text = (bytes) => new TextDecoder().decode(bytes)
const utf8 = (string) => new TextEncoder().encode(string)
const refusal = /sealed to this key set already: .* again: true$/
const twice = 'invalid_argument'

/** Every verb that seals bytes, by its name, with options. */
function verbsOf(door, keys) {
  const options = { context, frameLength: 100 }
  const stream = (source) => async (bytes, o) =>
    collect((await door.sealStream(keys, source(bytes), { ...options, ...o })).readable)
  return {
    seal: (bytes, o) => door.seal(keys, bytes, { context, ...o }),
    'Sealer.seal': (bytes, o) => door.createSealer(keys).seal(bytes, { context, ...o }),
    sealFields: (bytes, o) =>
      door.sealFields(keys, { a: { b: bytes } }, { context, fields: ['a.b'], ...o }),
    'sealStream of bytes': stream((bytes) => bytes),
    'sealStream of a Blob': stream((bytes) => new Blob([bytes])),
    'sealStream of chunks of one byte': stream((bytes) => iterate(inPieces(bytes, 1))),
    createFileSealer: async (bytes, o) => {
      const sealer = await door.createFileSealer(keys, new Blob([bytes]), { ...options, ...o })
      await sealer.slice(0, sealer.length)
      await sealer.close()
    },
  }
}

/**
 * What is sealed to a key of a set is not sealed to that set again without being told.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function sealedTwiceSuite({ test, assert, door, jose }) {
  const { createFileSealer, importKeySet, inHand, seal, sealFields, sealStream } = door
  const keys = streamKeys(door, 'P-384-enc', 'RSA-2048-enc')
  const verbs = verbsOf(door, keys)
  const message = async (set, o = {}) =>
    collect((await sealStream(set, utf8('inside'), { context, ...o })).readable)

  /** What is sealed to a key of the set, by what it is. */
  const sealed = {
    'a value for the chosen key': async () => utf8(await seal(keys, 'inside', { context })),
    'a value for another key of the set, with a line end': async () =>
      utf8(`${await seal(streamKeys(door, 'RSA-2048-enc'), 'inside', { context })}\r\n`),
    'a value of another library': async () => utf8(await sealWithJose(jose, 'P-384-enc', 'inside')),
    'a message for a key on a curve': () => message(keys),
    'a message for an RSA key': () => message(streamKeys(door, 'RSA-2048-enc')),
    'a message for this set and another': () =>
      message([streamKeys(door, 'P-256-enc'), streamKeys(door, 'RSA-2048-enc')]),
  }
  for (const [what, made] of Object.entries(sealed))
    test(`${what} is not sealed again, unless again: true`, async () => {
      const bytes = await made()
      for (const [verb, work] of Object.entries(verbs)) {
        for (const o of [{}, { again: false }, { again: undefined }]) {
          const { message: told } = await fails(assert, () => work(bytes, o), twice, refusal)
          assert.notInclude(told, text(bytes.subarray(0, 12)), verb)
        }
        await work(bytes, { again: true })
      }
    })

  test('text is looked at as its bytes are', async () => {
    const jwe = await seal(keys, 'inside', { context })
    await fails(assert, seal(keys, jwe, { context }), twice, refusal)
    const record = { card: 'plain', ssn: jwe }
    const fields = ['card', 'ssn']
    await fails(assert, sealFields(keys, record, { context, fields }), twice, refusal)
    const again = await sealFields(keys, record, { context, fields, again: true })
    assert.equal(again.ssn.split('.').length, 5)
  })

  test('a key that is over, or taken back, is one of the set too', async () => {
    const old = streamKeys(door, 'P-256-enc')
    const bytes = [utf8(await seal(old, 'inside', { context })), await message(old)]
    for (const extra of [{ exp: 1 }, { revoked: true }]) {
      const rows = [streamJwk('P-256-enc', extra), streamJwk('P-384-enc')]
      const set = importKeySet(keySetOf(...rows), { trust: inHand() })
      for (const one of bytes)
        for (const work of Object.values(verbsOf(door, set)))
          await fails(assert, () => work(one), twice, refusal)
    }
  })

  test('what is sealed to the keys of others, and what only looks sealed, is sealed as before', async () => {
    const others = streamKeys(door, 'P-256-enc', 'RSA-3072-enc')
    const jwe = await seal(keys, 'inside', { context })
    const whole = await message(keys)
    const { kid } = JSON.parse(text(jose.base64url.decode(jwe.split('.')[0])))
    const arn = streamJwk('RSA-2048-enc').kms_arn
    const headless = `${jwe.slice(jwe.indexOf('.'))}`
    const named = (header) => jose.base64url.encode(JSON.stringify(header))
    const foreign = [
      '',
      'e',
      'eyJ',
      'eyJ is how it begins',
      'eyJ....',
      `eyJ!${headless}`,
      `${jwe} `.repeat(2),
      `${jwe}\n${jwe}\n`,
      `${jwe}.a`,
      `see ${jwe}`,
      jwe.slice(0, jwe.lastIndexOf('.')),
      named({ alg: 'dir', enc: 'A256GCM' }) + headless,
      named({ alg: 'dir', kid: 5 }) + headless,
      named({ alg: 'dir', kid: 'key-1', ctx: { kid } }) + headless,
      named([kid]) + headless,
      `eyJ${headless}`,
      [named({ alg: 'ES256', kid }), 'e30', 'AAAA'].join('.'),
      await seal(others, 'inside', { context: { kid } }),
      await sealWithJose(jose, 'P-256-enc', 'inside', { kid: undefined }),
    ].map(utf8)
    const at = 37 + new DataView(whole.buffer).getUint16(35)
    const header = at + 2 + 2 + 8 + 2 + 107 + 2 + 112 + 53
    const changed = (place) => whole.map((byte, i) => (i === place ? byte ^ 1 : byte))
    foreign.push(
      await message(others, { context: { arn, kid } }),
      await message(streamKeys(door, 'RSA-3072-enc')),
      ...[0, 1, 2, at + 2 + 2 + 8 + 2 + 20].map(changed),
      ...[1, 3, 35, 36, at, at + 2, at + 60, header - 53, header - 1].map((end) =>
        whole.slice(0, end),
      ),
      new Uint8Array([2, 4, 0x78, ...new Uint8Array(60).fill(0xff)]),
    )
    for (const bytes of foreign)
      for (const work of Object.values(verbs)) await work(bytes, { again: undefined })
    const begun = whole.slice(0, header)
    await fails(assert, () => verbs['sealStream of bytes'](begun), twice, refusal)
  })

  test('a file that holds more than one value, or a value of more than 32 KiB, is sealed', async () => {
    const jwe = utf8(await seal(keys, 'x'.repeat(30_000), { context }))
    await fails(assert, () => verbs.seal(jwe), twice, refusal)
    const small = await seal(keys, 'inside', { context })
    const begins = utf8(`${small}${' '.repeat(32_768)}and more`)
    const files = Object.entries(verbs).filter(([verb]) => /Stream|File/.test(verb))
    assert.equal(files.length, 4)
    for (const [, work] of files) for (const bytes of [jwe, begins]) await work(bytes)
  })

  test('again is true or false, and nothing else', async () => {
    for (const again of ['true', 1, null, {}])
      for (const work of [
        ...Object.values(verbs).map((verb) => () => verb(utf8('x'), { again })),
        () => door.sealedLength(keys, 5, { context, again: /** @type {any} */ (again) }),
      ])
        await fails(assert, work, twice, /^again: expected true or false/)
    const length = await door.sealedLength(keys, 5, { context, again: true })
    assert.equal(length, await door.sealedLength(keys, 5, { context }))
  })

  test('a source that fails or does not answer while it is looked at fails as before', async () => {
    const failing = byteSource(new Uint8Array(9), { read: () => Promise.reject(new Error('disk')) })
    const sealer = await createFileSealer(keys, failing, { context })
    await fails(assert, sealer.slice(0, sealer.length), 'source_failed')
    await sealer.close()
    const stuck = byteSource(new Uint8Array(9), { read: () => new Promise(() => {}) })
    const abort = new AbortController()
    const making = createFileSealer(keys, stuck, { context, signal: abort.signal })
    setTimeout(() => abort.abort('enough'), 20)
    assert.equal(await making.catch((reason) => reason), 'enough')
  })

  test('a stream that is refused is given up, and its digest rejects', async () => {
    const bytes = await message(keys)
    const seen = { cancelled: /** @type {unknown} */ (undefined) }
    let left = 40
    const source = new ReadableStream(
      {
        pull: (c) => (left-- > 0 ? c.enqueue(bytes) : c.close()),
        cancel: (reason) => void (seen.cancelled = reason),
      },
      { highWaterMark: 0 },
    )
    const o = { context, frameLength: bytes.length }
    const { readable, digest } = await sealStream(keys, source, o)
    await fails(assert, collect(readable), twice, refusal)
    await fails(assert, digest, twice, refusal)
    assert.match(String(seen.cancelled), refusal)
  })

  test('a set of signing keys beside is no reason, and neither is another set', async () => {
    const set = keysInHand(door, 'P-256-enc', 'P-256-sig', 'Ed25519-sig')
    const jws = [jose.base64url.encode('{"alg":"ES256"}'), 'e30', 'AAAA'].join('.')
    assert.equal((await seal(set, jws, { context })).split('.').length, 5)
    const ours = await seal(keys, 'inside', { context })
    assert.equal((await seal(set, ours, { context })).split('.').length, 5)
    assert.equal(publicJwk('P-256-sig').use, 'sig')
  })
}

/**
 * What was sealed twice on purpose opens twice.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openedTwiceSuite(host) {
  const { test, assert, door } = host
  for (const name of ['P-384-enc', 'RSA-2048-enc'])
    test(`what was sealed to ${name} with again: true opens to what was sealed, which opens too`, async () => {
      const keys = streamKeys(door, name)
      const { opener, streams } = await openerOf(host, [name])
      const again = { context, again: true }
      const jwe = await door.seal(keys, 'inside', { context })
      const outer = await opener.open(await door.seal(keys, jwe, again), { context })
      assert.equal(outer.text(), jwe)
      assert.equal((await opener.open(outer.text(), { context })).text(), 'inside')

      const once = await collect(
        (await door.sealStream(keys, utf8('inside'), { context })).readable,
      )
      const { readable } = await door.sealStream(keys, once, again)
      const opened = await collect((await streams.openStream(readable, { context })).readable)
      assert.deepEqual(opened, once)
      const inner = await collect((await streams.openStream(opened, { context })).readable)
      assert.equal(text(inner), 'inside')
    })
}
