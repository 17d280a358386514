import { fails, randomBytes } from '../support/host.js'
import { concat, fromBase64url, openGcm, toBase64url, utf8 } from '../support/message-format.js'

const text = (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
const dataOf = (id) => concat(utf8('sealdrop name 1'), id)

/**
 * Sealed names: what is written, what is cut, and what is read (message-format.md, "Sealed name").
 *
 * @param {import('../support/host.js').Host} host
 */
export function sealedNamesSuite({ test, assert, rooms }) {
  const { nameBytes, parseName, parseSealedName, sealName } = rooms
  const jsonOf = (name) => text(nameBytes(name)).trimEnd()

  test('a sealed name is AES-GCM of padded JSON under an IV that no frame has', async () => {
    const raw = randomBytes(32)
    const id = randomBytes(32)
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
    const message = { id, key, header: new Uint8Array() }
    const given = { path: 'a/résumé.pdf', type: 'application/pdf', name: 'résumé.pdf' }
    const sealed = [await sealName(message, given), await sealName(message, given)]
    assert.notEqual(sealed[0], sealed[1])
    for (const one of sealed) {
      const bytes = fromBase64url(one)
      assert.equal(text(bytes.subarray(0, 4)), 'name')
      const plain = await openGcm(raw, bytes.subarray(0, 12), dataOf(id), bytes.subarray(12))
      assert.equal(plain.length, 128)
      const { name, type, path } = given
      assert.equal(text(plain), JSON.stringify({ name, type, path }).padEnd(124)) // each é is two bytes
    }
  })

  test('its length tells no more than a multiple of 64 bytes', () => {
    for (const [length, expected] of [
      [1, 64],
      [53, 64],
      [54, 128],
      [117, 128],
      [118, 192],
    ]) {
      const bytes = nameBytes({ name: 'n'.repeat(length) })
      assert.equal(bytes.length, expected, `${length}`)
      assert.deepEqual(parseName(bytes), { name: 'n'.repeat(length) })
    }
  })

  test('what is empty, and a type that is none, is left out', () => {
    assert.equal(jsonOf({ name: 'a', type: '', path: '' }), '{"name":"a"}')
    assert.equal(jsonOf({ name: 'a', type: 'é' }), '{"name":"a"}')
    assert.equal(jsonOf({ name: 'a', type: 'x'.repeat(256) }), '{"name":"a"}')
    assert.equal(
      jsonOf({ name: 'a', type: 't', path: 'p/a' }),
      '{"name":"a","type":"t","path":"p/a"}',
    )
  })

  /** @type {Readonly<Record<string, [given: object, expected: object]>>} */
  const cuts = {
    'a path of just 1,024 bytes stays': [
      { name: 'a', path: 'p'.repeat(1_002) },
      { name: 'a', path: 'p'.repeat(1_002) },
    ],
    'a path that is a byte longer goes': [{ name: 'a', path: 'p'.repeat(1_003) }, { name: 'a' }],
    'the type stays where the path goes': [
      { name: 'a', type: 'text/plain', path: 'p'.repeat(2_000) },
      { name: 'a', type: 'text/plain' },
    ],
    'a name is cut before its extension': [
      { name: `${'n'.repeat(3_000)}.tar.gz` },
      { name: `${'n'.repeat(1_010)}.gz` },
    ],
    'code points are whole': [{ name: `${'😀'.repeat(600)}.p` }, { name: `${'😀'.repeat(252)}.p` }],
    'a name without an extension': [{ name: 'é'.repeat(900) }, { name: 'é'.repeat(506) }],
    'what begins with a dot has no extension': [
      { name: `.${'n'.repeat(2_000)}` },
      { name: `.${'n'.repeat(1_012)}` },
    ],
    'a long extension is none': [
      { name: `${'n'.repeat(2_000)}.${'x'.repeat(17)}` },
      { name: 'n'.repeat(1_013) },
    ],
    'characters that JSON writes with six': [
      { name: `${'\u0001'.repeat(2_000)}.txt` },
      { name: `${'\u0001'.repeat(168)}.txt` },
    ],
    'a lone surrogate is U+FFFD': [
      { name: 'a\ud800b', path: '\udc00' },
      { name: 'a\ufffdb', path: '\ufffd' },
    ],
    'a pair of surrogates stays': [{ name: '😀' }, { name: '😀' }],
    'the longest type leaves room for the name': [
      { name: 'n'.repeat(2_000), type: '"'.repeat(255) },
      { name: 'n'.repeat(493), type: '"'.repeat(255) },
    ],
  }
  for (const [title, [given, expected]] of Object.entries(cuts))
    test(`a name that is sealed: ${title}`, () => {
      const bytes = nameBytes(/** @type {any} */ (given))
      assert.isAtMost(bytes.length, 1_024)
      assert.equal(bytes.length % 64, 0)
      assert.deepEqual(parseName(bytes), expected)
    })

  test('a name of any length is cut at once', () => {
    const started = Date.now()
    for (const name of ['n'.repeat(1e6), '.'.repeat(1e6), `${'😀.'.repeat(300_000)}x`])
      assert.isAtMost(nameBytes({ name }).length, 1_024)
    assert.isBelow(Date.now() - started, 1_000)
  })

  const wrongPlain = {
    'no JSON': 'claim.pdf',
    'an array': '["claim.pdf"]',
    'no name': '{"path":"a/b"}',
    'an empty name': '{"name":""}',
    'a name that is a number': '{"name":5}',
    'a path that is null': '{"name":"a","path":null}',
    'an empty type': '{"name":"a","type":""}',
    'a lone surrogate': '{"name":"\\ud800"}',
    'two names': '{"name":"a","name":"b"}',
    'a prototype': '{"name":"a","__proto__":{}}',
    'a byte order mark': '\ufeff{"name":"a"}',
    'JSON that is deep': `{"name":"a","x":${'['.repeat(100)}${']'.repeat(100)}}`,
    spaces: ' '.repeat(64),
  }
  for (const [title, plain] of Object.entries(wrongPlain))
    test(`a name that is read: ${title} is malformed`, () =>
      fails(assert, () => parseName(utf8(plain)), 'malformed'))

  test('bytes that are no UTF-8 are malformed, members that nobody knows are passed over', async () => {
    await fails(assert, () => parseName(concat(utf8('{"name":"'), [255], utf8('"}'))), 'malformed')
    assert.deepEqual(parseName(utf8('{"size":5,"name":"a","more":{"name":"b"}} ')), { name: 'a' })
  })

  test('a text that cannot be a sealed name is malformed', async () => {
    const of = (length, iv = 'name') => toBase64url(concat(utf8(iv), new Uint8Array(length + 24)))
    for (const length of [64, 1_024]) {
      const [iv, sealed] = parseSealedName(of(length))
      assert.deepEqual([iv.length, sealed.length], [12, length + 16])
    }
    const wrong = ['', 'name', `${of(64)}=`, ` ${of(64)}`, of(63), of(0), of(1_088), of(64, 'nama')]
    for (const one of [...wrong, of(64, '\0\0\0\0'), 'A'.repeat(1e6)])
      await fails(assert, () => parseSealedName(one), 'malformed')
  })
}
