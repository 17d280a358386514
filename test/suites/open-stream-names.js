import { fails, randomBytes } from '../support/host.js'
import {
  concat,
  frameIv,
  fromBase64url,
  messageKeys,
  sealGcm,
  toBase64url,
  utf8,
} from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { collect, pattern } from '../support/sources.js'
import { flipped } from '../support/wrong-messages.js'

const context = { form: 'claim' }
const given = { name: 'claim.pdf', type: 'application/pdf', path: '2026/claim.pdf' }
const padded = (text) => utf8(text.padEnd(Math.ceil(text.length / 64) * 64))
const prefix = (last = 'e') => concat(utf8(`nam${last}`), randomBytes(8))

/**
 * Files that are opened with the sealed name that came beside them.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openStreamNamesSuite(host) {
  const { test, assert } = host
  const over = () => openerOver(host, { [arnOf('P-256-enc')]: 'P-256-enc' })
  const made = async () => {
    const plaintext = pattern(29)
    const { message, id, dataKey } = await writeMessage({ context, plaintext })
    return { message, plaintext, id, raw: (await messageKeys(dataKey, id)).key }
  }
  /** A sealed name from the specification, and a wrong one where something is replaced. */
  const nameOf = async ({ raw, id }, o = {}) => {
    const { iv = prefix(), label = 'sealdrop name 1', json = JSON.stringify(given) } = o
    const data = concat(utf8(label), o.id ?? id)
    return toBase64url(concat(iv, await sealGcm(o.raw ?? raw, iv, data, o.plain ?? padded(json))))
  }
  /** Each verb, with what it answers beside the stream. */
  const verbs = {
    openStream: ({ streams }, message, o) => streams.openStream(message, { context, ...o }),
    openRange: ({ streams }, message, o) =>
      streams.openRange(new Blob([message]), 0, Infinity, { context, ...o }),
  }

  for (const [verb, open] of Object.entries(verbs)) {
    test(`${verb} answers the name that came beside a file, and no name where none came`, async () => {
      const opener = await over()
      const file = await made()
      const opened = await open(opener, file.message, { sealedName: await nameOf(file) })
      assert.deepEqual(opened.name, given)
      assert.deepEqual(await collect(opened.readable), file.plaintext)
      const bare = await open(opener, file.message, {})
      assert.notProperty(bare, 'name')
      const more = await nameOf(file, { json: '{"size":5,"name":"a"}' })
      assert.deepEqual((await open(opener, file.message, { sealedName: more })).name, { name: 'a' })
      assert.deepEqual(
        opener.events.map(({ event }) => event),
        ['opened', 'opened', 'opened'],
      )
    })

    test(`${verb}: a sealed name that is wrong is left out with an event, and the file opens`, async () => {
      const file = await made()
      const other = await made()
      const right = fromBase64url(await nameOf(file))
      const wrong = {
        'another IV': [toBase64url(flipped(right, 11)), 'rejected'],
        'a first byte that was changed': [toBase64url(flipped(right, 12)), 'rejected'],
        'a tag that was changed': [toBase64url(flipped(right, right.length - 1)), 'rejected'],
        'a block that was taken away': [toBase64url(right.subarray(0, -64)), 'rejected'],
        'of another file': [await nameOf(other), 'rejected'],
        'of this key for another file': [await nameOf(file, { id: other.id }), 'rejected'],
        'under another key': [await nameOf(file, { raw: randomBytes(32) }), 'rejected'],
        'under another label': [await nameOf(file, { label: 'sealdrop name 2' }), 'rejected'],
        'an IV of frames': [await nameOf(file, { iv: frameIv(9) }), 'malformed'],
        'an IV of another kind': [await nameOf(file, { iv: prefix('f') }), 'malformed'],
        'no block': [await nameOf(file, { plain: utf8('{"name":"a"}') }), 'malformed'],
        'too long': [await nameOf(file, { plain: new Uint8Array(1_088) }), 'malformed'],
        'no JSON': [await nameOf(file, { json: 'claim.pdf' }), 'malformed'],
        'no name': [await nameOf(file, { json: '{"path":"a"}' }), 'malformed'],
        'padded base64': [`${toBase64url(right)}=`, 'malformed'],
        empty: ['', 'malformed'],
        'a plain name': ['claim.pdf', 'malformed'],
      }
      for (const [title, [sealedName, code]] of Object.entries(wrong)) {
        const opener = await over()
        const opened = await open(opener, file.message, { sealedName })
        assert.notProperty(opened, 'name', title)
        assert.deepEqual(await collect(opened.readable), file.plaintext, title)
        const messageId = toBase64url(file.id)
        assert.deepEqual(
          opener.events[0],
          { event: 'nameless', code, whose: 'sender', messageId, kmsCalls: 0 },
          title,
        )
        assert.equal(opener.events[1].event, 'opened', title)
        assert.equal(opener.calls.length, 1, title)
      }
    })

    test(`${verb}: no bit of a sealed name can be turned`, async () => {
      const file = await made()
      const opener = await over()
      const right = fromBase64url(await nameOf(file))
      for (let at = 0; at < right.length; at += 3) {
        const sealedName = toBase64url(flipped(right, at))
        assert.notProperty(await open(opener, file.message, { sealedName }), 'name', `${at}`)
      }
    })

    test(`${verb}: a file that does not open says the same with a name, whatever that is`, async () => {
      const file = await made()
      const right = await nameOf(file)
      for (const sealedName of [undefined, right, 'wrong']) {
        const opener = await over()
        // a bit of the tag of the header
        const headerEnd = file.message.length - (3 * 40 + 40 + 5)
        const message = flipped(file.message, headerEnd - 1)
        const error = await fails(assert, () => open(opener, message, { sealedName }), 'rejected')
        assert.match(error.message, /^this does not open: /)
        assert.deepEqual(
          opener.events.map(({ event, code }) => [event, code]),
          [['failed', 'rejected']],
        )
      }
    })

    test(`${verb}: a sealed name that is no text is refused before KMS is asked`, async () => {
      const { message } = await made()
      for (const sealedName of [5, null, new Uint8Array(3)]) {
        const opener = await over()
        await fails(assert, () => open(opener, message, { sealedName }), 'invalid_argument')
        assert.equal(opener.calls.length, 0)
      }
    })
  }

  test('a name that we seal is one that opens', async () => {
    const file = await made()
    const key = await crypto.subtle.importKey('raw', file.raw, 'AES-GCM', false, ['encrypt'])
    const message = { id: file.id, key, header: new Uint8Array() }
    const sealedName = await host.rooms.sealName(message, given)
    const { name } = await verbs.openStream(await over(), file.message, { sealedName })
    assert.deepEqual(name, given)
  })
}
