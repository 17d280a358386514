// The door sealdrop/age over a local KMS: what it makes, what it opens, and with how many calls.
import test from 'node:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { ageRecipient, createAgeOpener, inspectAge, sealAge } from 'sealdrop/age'
import { fileSource } from 'sealdrop/fs'
import { createOpener } from 'sealdrop/kms'
import { inspect } from 'sealdrop'
import { ageWorld, bytesOf, codeOf, plaintextOf, sealed } from '../support/age-world.mjs'
import { wrong } from '../support/types.mjs'

const world = await ageWorld()
const { client, since, recipients, jwks, local } = world
const events = []
const opener = createAgeOpener({
  kms: client,
  keys: ['alias/claims', 'alias/other'],
  onEvent: (event) => events.push(event),
})
await opener.ready()
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-age-'))
test.after(async () => {
  rmSync(folder, { recursive: true })
  await opener.close()
  await world.close()
})

const lengths = [0, 1, 47, 48, 49, 65_535, 65_536, 65_537, 131_072, 300_000]

for (const armor of [false, true])
  test(`what is sealed opens with one call${armor ? ', armored' : ''}`, async () => {
    for (const length of lengths) {
      const plaintext = plaintextOf(length)
      const made = await sealAge([recipients.second, recipients.claims], plaintext, { armor })
      const file = await bytesOf(made.readable)
      assert.equal(file.length, made.length)
      since()
      const found = await opener.openStream(new Blob([file]))
      assert.deepEqual(await bytesOf(found.readable), plaintext)
      assert.deepEqual(since(), ['DeriveSharedSecret'])
      assert.equal(found.armored, armor)
      assert.equal(found.key.thumbprint, (await opener.openStream(file)).key.thumbprint)
    }
  })

test('a file may come in pieces of any size', async () => {
  const plaintext = plaintextOf(100_000)
  for (const armor of [false, true]) {
    const file = await sealed(recipients.claims, plaintext, { armor })
    for (const size of [13, 1_000, 65_536]) {
      async function* pieces() {
        for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
      }
      const { readable } = await opener.openStream(pieces())
      assert.deepEqual(await bytesOf(readable), plaintext)
    }
  }
})

test('a range answers those bytes, after the last chunk', async () => {
  const plaintext = plaintextOf(200_000)
  const file = await sealed(recipients.claims, plaintext)
  const ranges = [
    [0, Infinity],
    [0, 1],
    [65_535, 65_537],
    [65_536, 131_072],
    [131_071, 200_000],
    [199_999, 300_000],
    [200_000, 200_000],
    [500_000, 600_000],
    [7, 7],
  ]
  for (const [start, end] of ranges) {
    const { readable, length } = await opener.openRange(new Blob([file]), start, end)
    const expected = plaintext.subarray(start, end)
    assert.deepEqual(await bytesOf(readable), expected)
    assert.equal(length, expected.length)
  }
  const whole = plaintextOf(131_072)
  const exact = await sealed(recipients.claims, whole)
  for (const [start, end] of [
    [131_072, Infinity],
    [131_071, 131_073],
    [0, 65_536],
  ]) {
    const { readable } = await opener.openRange(new Blob([exact]), start, end)
    assert.deepEqual(await bytesOf(readable), whole.subarray(start, end))
  }
})

test('a range of what is cut, added to or armored is refused', async () => {
  const file = await sealed(recipients.claims, plaintextOf(200_000))
  const text = await sealed(recipients.claims, plaintextOf(200), { armor: true })
  const codes = async (bytes) => {
    since()
    const code = await codeOf(opener.openRange(new Blob([bytes]), 0, 1))
    return [code, since().length]
  }
  assert.deepEqual(await codes(file.subarray(0, -1)), ['rejected', 1])
  assert.deepEqual(await codes(Buffer.concat([file, Buffer.alloc(1)])), ['rejected', 1])
  const wholeChunks = file.length - (200_000 - 3 * 65_536) - 16
  assert.deepEqual(await codes(file.subarray(0, wholeChunks)), ['rejected', 1])
  assert.deepEqual(await codes(file.subarray(0, wholeChunks + 10)), ['malformed', 0])
  assert.deepEqual(await codes(file.subarray(0, wholeChunks + 16)), ['malformed', 0])
  assert.deepEqual(await codes(text), ['invalid_argument', 0])
  const small = createAgeOpener({ kms: client, keys: ['alias/claims'], maxHeaderLength: 100 })
  assert.equal(await codeOf(small.openRange(new Blob([text]), 0, 1)), 'invalid_argument')
})

test('a size that no file has is refused before KMS, where it is known', async () => {
  const file = await sealed(recipients.claims, plaintextOf(200_000))
  const front = file.length - 200_000 - 4 * 16
  const path = join(folder, 'cut')
  async function* pieces(bytes) {
    yield bytes
  }
  for (const chunks of [0, 1, 3])
    for (const more of [0, 1, 15, 16]) {
      if (chunks > 0 && more === 0) continue
      if (chunks === 0 && more === 16) continue
      const bytes = file.subarray(0, front + chunks * 65_552 + more)
      writeFileSync(path, bytes)
      since()
      for (const source of [bytes, new Blob([bytes]), await fileSource(path)])
        assert.equal(await codeOf(opener.openStream(source)), 'malformed', `${chunks} ${more}`)
      assert.equal(await codeOf(opener.openFile(path, join(folder, 'none'))), 'malformed')
      assert.deepEqual(since(), [])
      const ofStream = opener.openStream(pieces(bytes)).then(({ readable }) => bytesOf(readable))
      assert.equal(await codeOf(ofStream), 'rejected', 'nobody knows the size of a stream')
    }
  rmSync(path)
})

test('a damaged chunk ends the stream, after the chunks before it', async () => {
  const plaintext = plaintextOf(150_000)
  const file = await sealed(recipients.claims, plaintext)
  file[file.length - 1] ^= 1
  const { readable } = await opener.openStream(new Blob([file]))
  const got = []
  const code = await codeOf(
    (async () => {
      for await (const chunk of readable) got.push(chunk)
    })(),
  )
  assert.equal(code, 'rejected')
  assert.deepEqual(Buffer.concat(got), plaintext.subarray(0, 131_072))
})

test('a file opens into a file, or not at all', async () => {
  const at = (name) => join(folder, name)
  const plaintext = plaintextOf(70_000)
  writeFileSync(at('in.age'), await sealed(recipients.claims, plaintext))
  const info = await opener.openFile(at('in.age'), at('out'))
  assert.hasAllKeys(info, ['key', 'armored'])
  assert.deepEqual(readFileSync(at('out')), plaintext)
  assert.equal(statSync(at('out')).mode & 0o777, 0o600)
  writeFileSync(at('cut.age'), readFileSync(at('in.age')).subarray(0, -100))
  assert.equal(await codeOf(opener.openFile(at('cut.age'), at('none'))), 'rejected')
  assert.equal(await codeOf(opener.openFile(at('in.age'), at('in.age'))), 'invalid_argument')
  assert.sameMembers(readdirSync(folder), ['in.age', 'out', 'cut.age'])
  const { readable } = await opener.openRange(await fileSource(at('in.age')), 69_000, 70_000)
  assert.deepEqual(await bytesOf(readable), plaintext.subarray(69_000))
})

test('what is for others is key_not_found, without a call', async () => {
  const file = await sealed(recipients.second, plaintextOf(10))
  since()
  const { code, message } = await opener.openStream(file).catch((error) => error)
  assert.equal(code, 'key_not_found')
  const whom = 'whoever this age file is for (stanzas of the kind "p256tag")'
  assert.equal(message, `${whom} is none of this opener's keys`)
  assert.deepEqual(since(), [])
})

test('recipients are keys on P-256 that agree', () => {
  assert.match(recipients.claims, /^age1tag1q[a-z0-9]{58}$/)
  assert.lengthOf(recipients.claims, 67)
  const code = (jwk) => {
    try {
      ageRecipient(jwk)
      return 'none'
    } catch (error) {
      return /** @type {{ code: string }} */ (error).code
    }
  }
  assert.equal(code(jwks.other), 'unsupported_algorithm')
  assert.equal(code(jwks.receipts), 'unsupported_algorithm')
  assert.equal(code({ ...jwks.claims, y: jwks.claims.x }), 'keys_malformed')
  assert.equal(code({ ...jwks.claims, revoked: {} }), 'no_usable_key')
  assert.equal(code('age1tag'), 'invalid_argument')
})

test('recipients that are none, wrong or named twice are refused', async () => {
  const { claims, second } = recipients
  const changed = `${claims.slice(0, -1)}${claims.endsWith('q') ? 'p' : 'q'}`
  const native = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
  for (const given of [
    [],
    '',
    '# none\n',
    changed,
    native,
    claims.toUpperCase(),
    [claims, claims],
    [7],
  ])
    assert.equal(
      await codeOf(sealAge(wrong(given), new Blob(['x']))),
      'invalid_argument',
      String(given),
    )
  const text = `# of a company\r\n${claims}\n\n  ${second}\n`
  const { stanzas } = await inspectAge(await sealed(text, new Blob(['x'])))
  assert.lengthOf(stanzas, 2)
})

test('inspectAge tells what is public, and asks nobody', async () => {
  since()
  const file = await sealed([recipients.claims, recipients.second], plaintextOf(70_000))
  const { stanzas, ...info } = await inspectAge(new Blob([file]))
  assert.deepEqual(info, { armored: false, headerLength: info.headerLength, length: 70_000 })
  assert.deepEqual(
    stanzas.map(({ type, tag }) => [type, tag?.length]),
    [
      ['p256tag', 6],
      ['p256tag', 6],
    ],
  )
  const text = await sealed(recipients.claims, plaintextOf(10), { armor: true })
  assert.isTrue((await inspectAge(text)).armored)
  assert.equal(await codeOf(inspectAge(Buffer.from('no age file'))), 'malformed')
  assert.deepEqual(since(), [])
})

test('headers have bounds, which can be raised', async () => {
  const many = Array.from({ length: 129 }, (_, i) => `-> x${i}\n\n`).join('')
  const mac = `--- ${'A'.repeat(43)}\n${'0'.repeat(64)}`
  const file = Buffer.from(`age-encryption.org/v1\n${many}${mac}`)
  assert.equal(await codeOf(inspectAge(file)), 'too_large')
  assert.lengthOf((await inspectAge(file, { maxStanzas: 129 })).stanzas, 129)
  const long = `-> x\n${`${'A'.repeat(64)}\n`.repeat(1_100)}\n`
  const large = Buffer.from(`age-encryption.org/v1\n${long}${mac}`)
  assert.equal(await codeOf(inspectAge(large)), 'too_large')
  assert.lengthOf((await inspectAge(large, { maxHeaderLength: 100_000 })).stanzas, 1)
  assert.equal(await codeOf(opener.openStream(large)), 'too_large')
  assert.equal(await codeOf(inspectAge(file, { maxStanzas: 0 })), 'invalid_argument')
})

test('events tell of each file, with its calls', async () => {
  events.length = 0
  const file = await sealed(recipients.claims, plaintextOf(10))
  await bytesOf((await opener.openStream(file)).readable)
  await codeOf(opener.openStream(Buffer.from('no')))
  const [opened, failed] = events
  assert.include(opened, { event: 'opened', kmsCalls: 1 })
  assert.include(failed, { event: 'failed', code: 'malformed', whose: 'sender', kmsCalls: 0 })
})

test('neither createOpener nor inspect takes an age file', async () => {
  const values = createOpener({ kms: client, keys: ['alias/claims'] })
  for (const armor of [false, true]) {
    const file = await sealed(recipients.claims, plaintextOf(10), { armor })
    assert.isOk(await codeOf(inspect(file)))
    assert.isOk(await codeOf(values.openStream(file, { context: {} })))
    assert.isOk(await codeOf(values.open(file.toString('latin1'), { context: {} })))
  }
})

test('a source that says another size is refused before its final chunk', async () => {
  const source = { size: 100, read: async () => new Uint8Array(90) }
  const { readable } = await sealAge(recipients.claims, source)
  assert.equal(await codeOf(bytesOf(readable)), 'source_failed')
})

test('a call that is given up ends, and so does one of a closed opener', async () => {
  const signal = AbortSignal.abort(new Error('given up'))
  const file = await sealed(recipients.claims, plaintextOf(10))
  const failure = await opener.openStream(file, { signal }).catch((error) => error)
  assert.equal(failure.message, 'given up')
  const closed = createAgeOpener({ kms: local.clientConfig, keys: ['alias/claims'] })
  await closed.close()
  assert.equal(await codeOf(closed.openStream(file)), 'closed')
  assert.equal(await codeOf(closed.openRange(new Blob([file]), 0, 1)), 'closed')
})
