// The names of files that are uploaded: sealed beside the file, and opened from the metadata of the
// object (message-format.md, "Sealed name").
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { uploadSealed } from 'sealdrop/upload'

const MiB = 2 ** 20
const context = { claim: '7' }
const partLength = 5 * MiB

/** @param {any} host what uploadsSuite has: keys, opener, handler and files */
export function namesSuite({
  test,
  assert,
  world,
  made,
  transportOf,
  fileOf,
  recordsOf,
  openedHash,
}) {
  /** An object that arrived, opened with the name that stands in its metadata. */
  const openedWithName = async (key) => {
    const { s3, bucket } = world()
    const at = { Bucket: bucket, Key: key }
    const { Metadata = {} } = await s3.send(new HeadObjectCommand(at))
    const { Body } = await s3.send(new GetObjectCommand(at))
    const sealedName = Metadata['sealdrop-name']
    const o = { context, sealedName }
    const { name, readable } = await made.opener.openStream(Body.transformToWebStream(), o)
    await readable.cancel()
    return { name, sealedName, Metadata }
  }
  /** A source with what a File says of itself. */
  const named = (source, o) => ({ ...source, ...o })

  test('the name of a file arrives sealed beside it, and its clear text is nowhere', async () => {
    const sent = []
    const transport = transportOf({
      ask: (op, request) => void sent.push(JSON.stringify(request)),
      put: (part) => void sent.push(JSON.stringify(part)),
    })
    const canary = 'Überweisung-canary'
    const file = { name: `${canary}.pdf`, type: 'application/pdf' }
    const path = `folder-canary/${canary}.pdf`
    const o = { context, transport, partLength }
    for (const length of [10, 12 * MiB]) {
      const { source } = await fileOf(length)
      for (const [given, more, expected] of [
        [file, {}, file],
        [{ ...file, webkitRelativePath: path }, {}, { ...file, path }],
        [{ ...file, webkitRelativePath: '' }, {}, file],
        // one that was chosen instead: the path would tell the other
        [{ ...file, webkitRelativePath: path }, { name: 'b' }, { name: 'b', type: file.type }],
        [{}, { name: canary }, { name: canary }],
        [{ ...file, webkitRelativePath: path }, { name: false }, undefined],
        [{}, {}, undefined],
        [{ name: 5, type: 7, webkitRelativePath: {} }, {}, undefined],
      ]) {
        const upload = await uploadSealed(made.keys, named(source, given), { ...o, ...more })
        const { name, sealedName, Metadata } = await openedWithName((await upload.done).key)
        assert.deepEqual(name, expected)
        assert.equal(sealedName === undefined, expected === undefined)
        assert.notInclude(JSON.stringify(Metadata), 'canary')
      }
    }
    assert.isAtLeast(sent.length, 50)
    const all = sent.join('\n')
    assert.include(all, 'x-amz-meta-sealdrop-name', 'where it would be seen')
    for (const way of ['utf8', 'base64', 'base64url', 'hex'])
      assert.notInclude(all, Buffer.from('canary').toString(/** @type {any} */ (way)))
    assert.notMatch(all, /Überweisung|%C3%9Cberweisung|application\/pdf/)
  })

  test('a name is sealed once: what goes on has the same, also under another session', async () => {
    const { source } = await fileOf(22 * MiB)
    const file = named(source, { name: 'claim.pdf' })
    const names = []
    const records = recordsOf()
    const o = { context, records, partLength, inFlight: 1 }
    const ask = (op, request) => void (op === 'begin' && names.push(request.name))
    const abort = new AbortController()
    const first = await uploadSealed(made.keys, file, {
      ...o,
      transport: transportOf({ ask, sent: () => abort.abort('cut') }),
      signal: abort.signal,
    })
    await first.done.catch(() => {})
    const expired = Object.assign(new Error('over'), {
      name: 'SealdropError',
      code: 'expired',
      retryable: false,
    })
    let times = 0
    const again = await uploadSealed(made.keys, file, {
      ...o,
      transport: transportOf({
        ask: (op, request) => {
          ask(op, request)
          if (op === 'sign' && times++ === 0) throw expired
        },
      }),
    })
    const { key, messageId } = await again.done
    assert.equal(messageId, first.messageId)
    assert.equal(names.length, 2)
    assert.equal(names[0], names[1])
    const { name, sealedName } = await openedWithName(key)
    assert.deepEqual(name, { name: 'claim.pdf' })
    assert.equal(sealedName, names[0])
  })

  test('metadata that somebody rewrote stops no file', async () => {
    const { source, hash } = await fileOf(10)
    const upload = await uploadSealed(made.keys, named(source, { name: 'a' }), {
      context,
      transport: transportOf({
        ask: (op, request) => void (op === 'begin' && (request.name = 'b'.repeat(124))),
      }),
    })
    const { key } = await upload.done
    const { name, sealedName } = await openedWithName(key)
    assert.equal(sealedName, 'b'.repeat(124))
    assert.isUndefined(name)
    assert.equal(await openedHash(key), hash)
  })
}
