// What sealForTus refuses, and what its options say to tus-js-client. Nothing is sent.
import { Upload } from 'tus-js-client'
import { fileRecords } from 'sealdrop/fs'
import { sealForTus } from 'sealdrop/tus'
import { wrong } from '../support/types.mjs'
import { memory, ourError, prepared, tusTools } from './tools.mjs'
import { context } from './world.mjs'

/** @param {{ test: any, assert: any, world: () => any }} host */
export function refusalsSuite({ test, assert, world }) {
  const { fresh, place, base, begun, arrived } = tusTools({ assert, world })
  const file = memory(Buffer.from('a small file'))

  /** What tus.Upload says when it starts with options that take the place of ours. */
  const started = async (tus, given = file) => {
    const sealing = await sealForTus(world().keys, file, { context, name: 'a' })
    fresh()
    const error = await new Promise((resolve) => {
      const options = { endpoint: world().front.endpoint, ...sealing.options, ...tus(sealing) }
      new Upload(wrong(given), { ...options, onError: resolve, onSuccess: resolve }).start()
    })
    await sealing.close()
    assert.lengthOf(world().front.requests, 0)
    return ourError(error)
  }

  test('options that would send plaintext or other bytes are refused before anything is sent', async () => {
    const rows = /** @type {[(sealing: any) => object, RegExp][]} */ ([
      [() => ({ chunkSize: Infinity }), /^chunkSize: expected 1 to \d+ bytes.*"Infinity"/],
      [() => ({ chunkSize: 0 }), /^chunkSize/],
      [() => ({ chunkSize: 1.5 }), /^chunkSize/],
      [() => ({ chunkSize: 2 ** 31 }), /^chunkSize/],
      [() => ({ parallelUploads: 2 }), /^parallelUploads: a sealed file is sent in one upload/],
      [() => ({ uploadLengthDeferred: true }), /^uploadLengthDeferred/],
      [() => ({ uploadSize: 5 }), /^uploadSize: the sealed file has \d+ bytes/],
      [({ options }) => ({ fileReader: { ...options.fileReader } }), /^fileReader: another one/],
      [
        ({ options }) => ({ metadata: { ...options.metadata, filename: 'a' } }),
        /^metadata: "filename"/,
      ],
      [() => ({ metadata: { 'sealdrop-name': 'a' } }), /^metadata: the sealed name is missing/],
      [() => ({ metadata: {} }), /^metadata: the sealed name is missing/],
      [() => ({ fingerprint: async () => 'a' }), /^fingerprint: it looks at the options/],
      [
        ({ options }) => {
          const added = Reflect.set(options.metadata, 'filename', 'a')
          const replaced = Reflect.set(options, 'fileReader', {})
          const changed = Reflect.set(options.fileReader, 'openFile', async () => file)
          assert.deepEqual([added, replaced, changed], [false, false, false])
          return { chunkSize: 0 }
        },
        /^chunkSize/,
      ],
    ])
    for (const [tus, message] of rows) {
      const error = await started(tus)
      assert.equal(error.code, 'invalid_argument', String(error))
      assert.match(error.message, message)
    }
    const bounds = {
      parallelUploads: 2,
      parallelUploadBoundaries: [
        { start: 0, end: 1 },
        { start: 1, end: 2 },
      ],
    }
    assert.equal((await started(() => bounds)).code, 'invalid_argument')
    const other = await started(() => ({}), memory(Buffer.from('another file')))
    assert.match(other.message, /^tus.Upload: expected the file that was given to sealForTus/)
  })

  test('what was looked at for one upload counts for no other one', async () => {
    const sealing = await sealForTus(world().keys, file, { context, name: 'a' })
    const sent = (more) =>
      new Promise((resolve) => {
        const options = { endpoint: world().front.endpoint, ...sealing.options, ...more }
        new Upload(wrong(file), { ...options, onError: resolve, onSuccess: resolve }).start()
      })
    assert.notInstanceOf(await sent({}), Error)
    const metadata = { ...sealing.options.metadata, filename: 'a' }
    fresh()
    const error = await sent({ metadata, fingerprint: async () => 'another' })
    assert.match(ourError(error).message, /^fingerprint: it looks at the options/)
    assert.lengthOf(world().front.requests, 0)
  })

  test('options of its own are checked', async () => {
    const rows = [
      {},
      { context: 1 },
      { context, name: 1 },
      { context, resume: 1 },
      { context, records: {} },
      { context, chunkSize: 1 },
    ]
    for (const row of rows) {
      const error = await sealForTus(world().keys, file, wrong(row)).catch((found) => found)
      assert.equal(error.code, 'invalid_argument', JSON.stringify(row))
    }
  })

  test('who holds a record is told of, and close lets go of it, once and for all', async () => {
    const { folder } = await place()
    const records = fileRecords(folder)
    const o = { context, records, name: 'a' }
    const first = await sealForTus(world().keys, file, o)
    const second = await sealForTus(world().keys, file, o).catch((error) => error)
    assert.equal(second.code, 'conflict')
    await first.close()
    await first.close({ done: true })
    const again = await sealForTus(world().keys, file, o)
    assert.equal(again.messageId, first.messageId)
    assert.deepEqual(again.options.metadata, first.options.metadata)
    await again.close({ done: true })
    const anew = await sealForTus(world().keys, file, o)
    assert.notEqual(anew.messageId, first.messageId)
    await anew.close()
    assert.equal((await anew.finish().catch((error) => error)).code, 'closed')
  })

  test('another name, time, context or resume: false begin a message of their own', async () => {
    const { folder, urls } = await place()
    const bytes = Buffer.alloc(4 * 2 ** 20, 1)
    const records = fileRecords(folder)
    const made = (name, lastModified) => new File([bytes], name, { lastModified })
    const first = made('a', 5)
    const o = { records, urls }
    const { sealing } = await begun(first, o)
    const rows = [
      { file: made('b', 5) },
      { file: made('a', 6) },
      { file: first, context: { claim: '8' } },
      { file: first, name: 'c' },
      { file: first, name: false },
      { file: first, resume: false },
    ]
    for (const { file: given, ...row } of rows) {
      const other = await sealForTus(world().keys, given, { context, records, ...wrong(row) })
      assert.notEqual(other.messageId, sealing.messageId, JSON.stringify(row))
      await other.close({ done: true })
    }
    const same = await prepared(made('a', 5), { ...base(), ...o })
    assert.equal(same.sealing.messageId, sealing.messageId)
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update(bytes).digest('hex')
    await arrived(same.upload, await same.sent(), { hash, name: 'a' })
  })

  test('the fingerprint is of the message, and the options that nobody changes are whole', async () => {
    fresh()
    const one = await sealForTus(world().keys, file, { context })
    const two = await sealForTus(world().keys, file, { context })
    const of = ({ options }) => options.fingerprint(file, options)
    assert.match(await of(one), /^sealdrop-[\w-]{43}$/)
    assert.notEqual(await of(one), await of(two))
    assert.equal(await of(one), await of(one))
    assert.notInclude(await of(one), one.messageId)
    assert.equal(one.options.chunkSize, 8 * 2 ** 20)
    await two.close()
    await new Promise((resolve, reject) => {
      const { onSuccess } = one.options
      const told = () => resolve(onSuccess())
      const options = { endpoint: world().front.endpoint, ...one.options }
      new Upload(wrong(file), { ...options, onSuccess: told, onError: reject }).start()
    })
    assert.equal((await one.finish()).length, one.length)
  })

  test('what sealing refused for good is not tried again, and what a server may mend is', async () => {
    const { SealdropError } = await import('sealdrop')
    const { options } = await sealForTus(world().keys, file, { context })
    const { onShouldRetry } = options
    const error = (o) => Object.assign(new Error('x'), o)
    const status = (code) => error({ originalResponse: { getStatus: () => code } })
    const rows = [
      [error({ causingError: new SealdropError('source_changed', '') }), false],
      [error({ causingError: new SealdropError('source_failed', '', { retryable: true }) }), true],
      [error({ causingError: new Error('the network') }), true],
      [error({ originalResponse: null }), true],
      [status(500), true],
      [status(409), true],
      [status(423), true],
      [status(404), false],
      [status(413), false],
    ]
    for (const [given, wanted] of rows) assert.equal(onShouldRetry(wrong(given)), wanted)
  })
}
