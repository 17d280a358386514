// The page's half of uploads against the server's half and an S3 that we did not write: real
// requests, files on disk, and a local KMS that opens what arrived.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3'
import { importKeySet, inHand, sealedLength } from 'sealdrop'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { uploadListener } from 'sealdrop/s3'
import { unfinishedUploads, uploadAll, uploadSealed, uploadTransport } from 'sealdrop/upload'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { namesSuite } from './names.mjs'
import { receiptsSuite } from './receipts.mjs'
import { troublesSuite } from './troubles.mjs'
import { authorize, secret } from './world.mjs'

const MiB = 2 ** 20
const context = { claim: '7' }
const origin = 'https://app.example.com'

/**
 * @param {{ test: any, assert: any, world: () => any }} host
 * @returns what starts and stops what it needs
 */
export function uploadsSuite({ test, assert, world }) {
  /** @type {any} */
  const made = {}
  const start = async () => {
    made.folder = await mkdtemp(join(tmpdir(), 'sealdrop-uploads-'))
    made.local = await startLocalKms({
      keys: [
        { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
        { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      ],
    })
    const kms = made.local.clientConfig
    const publisher = createPublisher({ kms, keys: [{ key: 'alias/claims' }] })
    made.keys = importKeySet((await publisher.documents()).jwks, { trust: inHand() })
    made.opener = createOpener({ kms, keys: ['alias/claims'] })
    const { s3, bucket } = world()
    const listener = uploadListener({
      s3,
      bucket,
      prefix: 'inbox/',
      authorize,
      secrets: [secret],
      origins: [origin],
    })
    made.server = createServer((request, response) => {
      made.asked++
      if (made.refuse?.(request, response)) return
      listener(request, response)
    })
    await new Promise((resolve) => made.server.listen(0, '127.0.0.1', resolve))
    made.url = `http://127.0.0.1:${made.server.address().port}/uploads`
  }
  const stop = async () => {
    made.server?.close()
    await made.opener?.close()
    await made.local?.close()
    await rm(made.folder, { recursive: true, force: true })
  }

  /** A transport that counts what it sends, and may be told to fail. */
  const transportOf = (o = {}) => {
    const real = uploadTransport(made.url, { headers: { authorization: 'Bearer acme', origin } })
    const seen = { parts: /** @type {string[]} */ ([]), ops: /** @type {string[]} */ ([]) }
    return {
      url: made.url,
      seen,
      async ask(op, request, given) {
        seen.ops.push(op)
        await o.ask?.(op, request)
        const answer = await real.ask(op, request, given)
        return (await o.asked?.(op, answer)) ?? answer
      },
      async put(part, body, given) {
        const before = await o.put?.(part, body, seen)
        if (before) return before
        const answer = await real.put(part, body, given)
        seen.parts.push(`${part.part}`)
        return (await o.sent?.(part, answer, seen)) ?? answer
      },
    }
  }
  const fileOf = async (length, bytes = randomBytes(length)) => {
    const path = join(made.folder, randomUUID())
    await writeFile(path, bytes)
    return { path, bytes, source: await fileSource(path), hash: hashOf(bytes) }
  }
  const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex')
  const recordsOf = (name = randomUUID()) => fileRecords(join(made.folder, `records-${name}`))
  /** What the company opens of an object. */
  const openedHash = async (key) => {
    const { s3, bucket } = world()
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const { readable } = await made.opener.openStream(Body.transformToWebStream(), { context })
    const hash = createHash('sha256')
    for await (const chunk of readable) hash.update(chunk)
    return hash.digest('hex')
  }
  const multipart = async () => {
    const { s3, bucket } = world()
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    return Uploads.length
  }
  const partLength = 5 * MiB

  test('files of 0 bytes, of one part, and of a byte less or more arrive as they were', async () => {
    const overhead =
      (await sealedLength(made.keys, 8 * MiB - 100_000, { context })) - (8 * MiB - 100_000)
    const whole = 8 * MiB - overhead
    for (const length of [0, 1, whole - 1, whole, whole + 1, 17 * MiB]) {
      const { source, hash } = await fileOf(length)
      const transport = transportOf()
      const progress = []
      const upload = await uploadSealed(made.keys, source, {
        context,
        transport,
        records: recordsOf(),
        onProgress: ({ done, total }) => progress.push(done / total),
      })
      const done = await upload.done
      assert.equal(upload.state, 'done')
      assert.equal(await openedHash(done.key), hash, `${length} bytes`)
      assert.equal(progress.at(-1), 1)
      const { s3, bucket } = world()
      const { ContentLength } = await s3.send(
        new HeadObjectCommand({ Bucket: bucket, Key: done.key }),
      )
      assert.equal(ContentLength, done.length)
      assert.equal(
        transport.seen.parts.length,
        length > whole ? Math.ceil(done.length / (8 * MiB)) : 1,
      )
    }
    assert.equal(await multipart(), 0)
  })

  test('an upload that was cut off at any part goes on, sends at most a part a lane again, and ends as one file', async () => {
    for (const cut of [1, 2, 4]) {
      const { source, hash } = await fileOf(28 * MiB)
      const records = recordsOf()
      const abort = new AbortController()
      const first = transportOf({
        sent: (part, answer, seen) => {
          if (seen.parts.length === cut) abort.abort('the train enters a tunnel')
        },
      })
      const o = { context, records, partLength, inFlight: 2 }
      const upload = await uploadSealed(made.keys, source, {
        ...o,
        transport: first,
        signal: abort.signal,
      })
      assert.equal(await upload.done.catch((reason) => reason), 'the train enters a tunnel')
      assert.equal((await unfinishedUploads(records)).length, 1)
      const second = transportOf()
      const again = await uploadSealed(made.keys, source, { ...o, transport: second })
      assert.equal(again.messageId, upload.messageId)
      const done = await again.done
      assert.equal(await openedHash(done.key), hash)
      const sent = first.seen.parts.length + second.seen.parts.length
      assert.isAtMost(sent, 6 + 2, `${first.seen.parts.join()} then ${second.seen.parts.join()}`)
      assert.deepEqual(await unfinishedUploads(records), [])
    }
  })

  test('it pauses and resumes', async () => {
    const { source, hash } = await fileOf(22 * MiB)
    let upload
    const transport = transportOf({
      sent: (part, answer, seen) => {
        if (seen.parts.length === 2) upload.pause()
      },
    })
    upload = await uploadSealed(made.keys, source, { context, transport, partLength, inFlight: 1 })
    while (upload.state === 'running') await settle()
    assert.equal(upload.state, 'paused')
    const { length } = transport.seen.parts
    for (let i = 0; i < 20; i++) await settle()
    assert.equal(transport.seen.parts.length, length)
    upload.resume()
    const done = await upload.done
    assert.equal(await openedHash(done.key), hash)
  })

  const timeout = 20_000
  test(
    'a user who never answers whether storage may be kept is not waited for',
    { timeout },
    async () => {
      const { source, hash } = await fileOf(12 * MiB)
      const asked = []
      const persist = () => new Promise((resolve) => asked.push(resolve))
      Object.defineProperty(navigator, 'storage', { value: { persist }, configurable: true })
      try {
        const o = { context, partLength, records: recordsOf() }
        const upload = await uploadSealed(made.keys, source, { ...o, transport: transportOf() })
        assert.equal(await openedHash((await upload.done).key), hash)
        assert.lengthOf(asked, 1)
      } finally {
        Reflect.deleteProperty(navigator, 'storage')
      }
    },
  )

  test('one that is cancelled leaves no parts and no record', async () => {
    const { source } = await fileOf(22 * MiB)
    const records = recordsOf()
    let upload
    const transport = transportOf({ sent: () => void upload?.cancel() })
    upload = await uploadSealed(made.keys, source, { context, transport, partLength, records })
    await fails(assert, () => upload.done, 'closed')
    await upload.cancel()
    assert.equal(upload.state, 'cancelled')
    assert.deepEqual(await unfinishedUploads(records), [])
    assert.equal(await multipart(), 0)
  })

  test('a file that was rewritten meanwhile never completes, wherever it was changed', async () => {
    for (const place of [0, 7 * MiB, 27 * MiB]) {
      const { path, bytes, source } = await fileOf(28 * MiB)
      const known = await source.version?.()
      /** A file system whose times nobody can trust. */
      const sly = { ...source, version: async () => known }
      const records = recordsOf()
      const abort = new AbortController()
      const o = { context, records, partLength, inFlight: 1 }
      const first = await uploadSealed(made.keys, sly, {
        ...o,
        transport: transportOf({
          sent: (part, answer, seen) => {
            // one more part is sealed ahead, and the last one is not
            if (seen.parts.length === 3) abort.abort('cut')
          },
        }),
        signal: abort.signal,
      })
      await first.done.catch(() => {})
      const handle = await open(path, 'r+')
      await handle.write(Buffer.from([bytes[place] ^ 1]), 0, 1, place)
      await handle.close()
      const now = await fileSource(path)
      const transport = transportOf()
      const again = await uploadSealed(
        made.keys,
        { ...now, version: sly.version },
        { ...o, transport },
      )
      if (place < 25 * MiB) {
        assert.equal(again.messageId, first.messageId)
        await fails(assert, () => again.done, 'source_changed')
        assert.notInclude(transport.seen.ops, 'complete')
        assert.deepEqual(await unfinishedUploads(records), [])
      } else assert.equal(await openedHash((await again.done).key), hashOf(await bytesOf(path)))
    }
    assert.equal(await multipart(), 0)
  })

  test('a record that is older than what left is never gone on with: all begins under a new key', async () => {
    const { source, hash } = await fileOf(28 * MiB)
    const name = randomUUID()
    const records = recordsOf(name)
    const o = { context, partLength, inFlight: 1 }
    const until = async (count, given) => {
      const abort = new AbortController()
      const upload = await uploadSealed(made.keys, source, {
        ...o,
        records: given,
        transport: transportOf({
          sent: (part, answer, seen) => {
            if (seen.parts.length === count) abort.abort('cut')
          },
        }),
        signal: abort.signal,
      })
      await upload.done.catch(() => {})
      return upload.messageId
    }
    const first = await until(1, records)
    const folder = join(made.folder, `records-${name}`)
    const [log] = await readdir(folder)
    const copy = await bytesOf(join(folder, log))
    assert.equal(await until(2, recordsOf(name)), first)
    await writeFile(join(folder, log), copy) // a backup that was put back
    const transport = transportOf()
    const upload = await uploadSealed(made.keys, source, {
      ...o,
      records: recordsOf(name),
      transport,
    })
    const done = await upload.done
    assert.notEqual(done.messageId, first)
    assert.equal(await openedHash(done.key), hash)
    assert.deepEqual(await readdir(folder), [])
    assert.equal(await multipart(), 0)
  })

  test('answers that are lost, a busy server, and a URL that ended are borne', async () => {
    const { source, hash } = await fileOf(22 * MiB)
    const lost = { status: 0, code: '', message: '', retryAfter: 0 }
    const faults = [
      lost,
      { ...lost, status: 503 },
      { ...lost, status: 403, code: 'AccessDenied', message: 'Request has expired' },
      { ...lost, status: 400, code: 'RequestTimeout' },
    ]
    const transport = transportOf({
      put: () => faults.shift(),
      // what was stored, and whose answer was lost twice
      sent: (part) => (part.part === 3 ? lost : undefined),
    })
    const upload = await uploadSealed(made.keys, source, { context, transport, partLength })
    assert.equal(await openedHash((await upload.done).key), hash)
    assert.include(transport.seen.ops, 'list', 'the handler was asked whether part 3 is there')
  })

  test('an answer that is lost behind Complete is no second file', async () => {
    const { source, hash } = await fileOf(12 * MiB)
    let times = 0
    const transport = transportOf({
      asked: (op) => {
        if (op === 'complete' && times++ === 0)
          throw Object.assign(new Error('lost'), {
            name: 'SealdropError',
            code: 'output_failed',
            retryable: true,
          })
      },
    })
    const upload = await uploadSealed(made.keys, source, { context, transport, partLength })
    assert.equal(await openedHash((await upload.done).key), hash)
    assert.equal(times, 2)
  })

  test('one whose end was confirmed to nobody is found whole, and nothing is sent again', async () => {
    const { source, hash } = await fileOf(12 * MiB)
    const records = recordsOf()
    const abort = new AbortController()
    const first = await uploadSealed(made.keys, source, {
      context,
      records,
      partLength,
      signal: abort.signal,
      transport: transportOf({
        asked: (op) => {
          if (op !== 'complete') return
          abort.abort('the tab is closed')
          throw new Error('nobody hears the answer')
        },
      }),
    })
    assert.equal(await first.done.catch((reason) => reason), 'the tab is closed')
    const transport = transportOf()
    const o = { context, records, partLength, transport }
    const done = await (await uploadSealed(made.keys, source, o)).done
    assert.equal(done.messageId, first.messageId)
    assert.deepEqual(transport.seen.parts, [])
    assert.equal(await openedHash(done.key), hash)
    assert.deepEqual(await unfinishedUploads(records), [])
  })

  test('an upload that the bucket forgot meanwhile begins anew under a new key', async () => {
    const { source, hash } = await fileOf(17 * MiB)
    const first = { session: '', messageId: '' }
    const transport = transportOf({
      asked: (op, answer) => {
        if (op === 'begin') first.session ||= answer.session
      },
      put: async (part, body, seen) => {
        if (part.part !== 2 || seen.parts.includes('2') || seen.ops.includes('abort')) return
        await transport.ask('abort', { session: first.session })
      },
    })
    const o = { context, partLength, transport, inFlight: 1, records: recordsOf() }
    const upload = await uploadSealed(made.keys, source, o)
    first.messageId = upload.messageId
    const done = await upload.done
    assert.notEqual(done.messageId, first.messageId)
    assert.equal(await openedHash(done.key), hash)
    assert.equal(await multipart(), 0)
  })

  test('a file whose first or last frame changes while one session sends it never completes', async () => {
    for (const place of [10, 17 * MiB - 10]) {
      const { path, bytes, source } = await fileOf(17 * MiB)
      const known = await source.version?.()
      let now = source
      /** Reads whatever lies there, as Firefox does. */
      const sly = {
        size: source.size,
        version: async () => known,
        read: (...given) => now.read(...given),
      }
      const transport = transportOf({
        sent: async (part, answer) => {
          // all of it has left; a part that was lost on its way is counted too
          if (part.part !== 4 || answer.status !== 200) return
          const handle = await open(path, 'r+')
          await handle.write(Buffer.from([bytes[place] ^ 1]), 0, 1, place)
          await handle.close()
          now = await fileSource(path)
        },
      })
      const o = { context, partLength, transport, inFlight: 1, records: recordsOf() }
      const upload = await uploadSealed(made.keys, sly, o)
      await fails(assert, () => upload.done, 'source_changed')
      assert.notInclude(transport.seen.ops, 'complete')
      assert.deepEqual(await unfinishedUploads(o.records), [])
    }
  })

  test('a handle works behind a proxy, as the stores of Vue and MobX put one around it', async () => {
    const { source } = await fileOf(100)
    const transport = transportOf()
    const handle = new Proxy(await uploadSealed(made.keys, source, { context, transport }), {})
    handle.pause()
    assert.equal(handle.state, 'paused')
    assert.isAbove(handle.length, 100)
    assert.lengthOf(handle.messageId, 43)
    assert.lengthOf(handle.recipients, 1)
    handle.resume()
    assert.equal((await handle.done).messageId, handle.messageId)
    assert.equal(uploadTransport('https://a.example/up?token=x').url, 'https://a.example/up')
  })

  test('a record that was never compared with the bucket is not gone on with', async () => {
    // one that was copied before the handler answered, and one whose session is over meanwhile
    for (const kind of ['no session', 'the session is over']) {
      const { path, source } = await fileOf(17 * MiB)
      const known = await source.version?.()
      const sly = { ...source, version: async () => known }
      const name = randomUUID()
      const folder = join(made.folder, `records-${name}`)
      let copy
      const copied = async () => {
        const [log] = await readdir(folder)
        copy ??= { log, bytes: await bytesOf(join(folder, log)) }
      }
      const abort = new AbortController()
      const first = await uploadSealed(made.keys, sly, {
        context,
        partLength,
        inFlight: 1,
        records: recordsOf(name),
        signal: abort.signal,
        transport: transportOf({
          ask: async (op) => {
            if (op === 'begin' && kind === 'no session') await copied()
          },
          sent: async (part, answer, seen) => {
            if (seen.parts.length === 1) await copied()
            if (seen.parts.length === 2) abort.abort('cut')
          },
        }),
      })
      await first.done.catch(() => {})
      await writeFile(join(folder, copy.log), copy.bytes)
      const handle = await open(path, 'r+')
      await handle.write(Buffer.from('rewritten'), 0, 9, 12 * MiB)
      await handle.close()
      const now = await fileSource(path)
      const transport = transportOf({
        ask: async (op) => {
          if (op !== 'list' || kind === 'no session') return
          throw Object.assign(new Error('over'), {
            name: 'SealdropError',
            code: 'expired',
            retryable: false,
          })
        },
      })
      const again = await uploadSealed(
        made.keys,
        { ...now, version: sly.version },
        { context, partLength, records: recordsOf(name), transport },
      )
      const done = await again.done
      assert.notEqual(done.messageId, first.messageId, kind)
      assert.equal(await openedHash(done.key), hashOf(await bytesOf(path)))
    }
  })

  test('what was begun for fewer recipients, at another handler, or of another file is not gone on with', async () => {
    const other = importKeySet(keySetOf(publicJwk('P-384-enc')), { trust: inHand() })
    const cutAt = async (source, records, o = {}) => {
      const abort = new AbortController()
      const upload = await uploadSealed(made.keys, source, {
        context,
        partLength,
        inFlight: 1,
        records,
        transport: transportOf({ sent: () => abort.abort('cut') }),
        signal: abort.signal,
        ...o,
      })
      await upload.done.catch(() => {})
      return upload.messageId
    }
    const { source } = await fileOf(12 * MiB)
    const twin = await fileOf(12 * MiB)
    const moved = transportOf()
    const rows = {
      'more recipients': [[made.keys, other], source, {}],
      'another handler': [
        made.keys,
        source,
        { transport: { ...moved, url: 'https://b.example/' } },
      ],
      'another file of the same size': [made.keys, twin.source, {}],
    }
    for (const [name, [keys, file, o]] of Object.entries(rows)) {
      const records = recordsOf()
      const id = await cutAt(source, records)
      const next = await uploadSealed(keys, file, {
        context,
        partLength,
        records,
        transport: transportOf(),
        ...o,
      })
      assert.notEqual(next.messageId, id, name)
      assert.lengthOf(next.recipients, name === 'more recipients' ? 2 : 1)
      await next.done
      assert.lengthOf(await unfinishedUploads(records), 1, 'the one before stays')
    }
    const records = recordsOf()
    const id = await cutAt(source, records)
    const o = { context, records, transport: transportOf() }
    const same = await uploadSealed(made.keys, source, o) // without the length of its parts
    assert.equal(same.messageId, id)
    await same.done
  })

  test('pause and cancel hold at whatever moment they come', async () => {
    const { source } = await fileOf(17 * MiB)
    const begin = async (o = {}) => {
      const records = recordsOf()
      const transport = transportOf(o.on)
      const given = { context, partLength, inFlight: 1, records, transport, signal: o.signal }
      return { records, transport, upload: await uploadSealed(made.keys, source, given) }
    }
    const before = await multipart()
    const completes = ({ transport }) => transport.seen.ops.includes('complete')
    const paused = await begin()
    paused.upload.pause()
    for (let i = 0; i < 20; i++) await settle()
    assert.deepEqual(paused.transport.seen.parts, [])
    assert.equal(paused.upload.state, 'paused')
    await paused.upload.cancel()
    await fails(assert, () => paused.upload.done, 'closed')
    assert.isFalse(completes(paused))
    const turned = await begin()
    turned.upload.pause()
    turned.upload.resume()
    await turned.upload.cancel()
    await fails(assert, () => turned.upload.done, 'closed')
    const abort = new AbortController()
    const aborted = await begin({ signal: abort.signal })
    aborted.upload.pause()
    abort.abort('enough')
    assert.equal(await aborted.upload.done.catch((reason) => reason), 'enough')
    for (const one of [paused, turned]) assert.deepEqual(await unfinishedUploads(one.records), [])
    assert.lengthOf(await unfinishedUploads(aborted.records), 1)
    assert.equal(await multipart(), before + 1, 'that of the one that may go on')
  })

  test('the one PUT of a small file whose answer was lost is found, and no second object is made', async () => {
    const { source, hash } = await fileOf(100_000)
    const lost = { status: 0, code: '', message: '', retryAfter: 0 }
    let times = 0
    const transport = transportOf({ sent: () => (times++ === 0 ? lost : undefined) })
    const upload = await uploadSealed(made.keys, source, { context, transport })
    assert.equal(await openedHash((await upload.done).key), hash)
    assert.equal(times, 2, 'the second one was told that an object is there')
  })

  test('a file of one part waits for no store of records', { timeout }, async () => {
    const { source, hash } = await fileOf(100_000)
    const records = { ...recordsOf(), list: () => new Promise(() => {}) }
    const transport = transportOf()
    const upload = await uploadSealed(made.keys, source, { context, transport, records })
    assert.equal(await openedHash((await upload.done).key), hash)
  })

  test('an answer that is none of its verb is malformed', async () => {
    const { source } = await fileOf(9 * MiB)
    const rows = {
      begin: [{}, { session: '', mode: 'multipart', parts: 2, partLength: 8 * MiB }],
      sign: [{}, { parts: [{ part: 1, url: 'javascript:alert(1)', headers: {} }] }],
      list: [{}, { parts: [null], more: false }],
      complete: [{}, { done: true }, { done: false, missing: ['1'] }],
    }
    for (const [verb, answers] of Object.entries(rows))
      for (const answer of answers) {
        const lost = { status: 0, code: '', message: '', retryAfter: 0 }
        const transport = transportOf({
          asked: (op) => (op === verb ? answer : undefined),
          sent: () => (verb === 'list' ? lost : undefined),
        })
        const upload = await uploadSealed(made.keys, source, { context, transport })
        await fails(assert, () => upload.done, 'malformed')
      }
  })

  test('a folder of 200 files arrives, in spite of one that cannot be read and one that is refused', async () => {
    const bytes = Array.from({ length: 200 }, (_, i) => randomBytes(i * 7))
    const files = bytes.map((one) => new Blob([one]))
    const large = randomBytes(9 * MiB)
    const failing = {
      size: 100,
      read: async () => {
        throw new Error('unplugged')
      },
    }
    const given = [...files, new Blob([large]), failing, new Blob(['refused'])]
    const transport = transportOf()
    const seen = []
    const all = uploadAll(made.keys, given, {
      context: (file, index) => (index === given.length - 1 ? { other: '1' } : context),
      transport,
      onProgress: (p) => seen.push(p),
    })
    const outcomes = await all.done
    assert.deepEqual(
      outcomes.map(({ index }) => index),
      given.map((_, index) => index),
    )
    const rejected = outcomes.filter(({ status }) => status === 'rejected')
    assert.deepEqual(
      rejected.map(({ index, reason }) => [index, reason.code]),
      [
        [201, 'source_failed'],
        [202, 'rejected'],
      ],
    )
    for (const { index, value } of outcomes.slice(0, 201))
      assert.equal(await openedHash(value.key), hashOf(index < 200 ? bytes[index] : large))
    const last = seen.at(-1)
    assert.deepEqual([last.done, last.filesDone], [last.total, 203])
  })

  test('many files pause, resume and are cancelled together', async () => {
    const files = Array.from({ length: 12 }, (_, i) => new Blob([randomBytes(100_000 + i)]))
    let all
    const outcomes = []
    const o = { context, transport: transportOf(), onFile: (one) => outcomes.push(one) }
    all = uploadAll(made.keys, files, o)
    while (outcomes.length < 2) await settle()
    all.pause()
    for (let i = 0; i < 30; i++) await settle()
    const { length } = outcomes
    for (let i = 0; i < 30; i++) await settle()
    assert.equal(outcomes.length, length)
    all.resume()
    while (outcomes.length < length + 2) await settle()
    await all.cancel()
    const states = (await all.done).map(({ status }) => status)
    assert.include(states, 'fulfilled')
    assert.isTrue(
      (await all.done).every((one) => one.status === 'fulfilled' || one.reason.code === 'closed'),
    )
    assert.lengthOf(states, 12)
  })

  const host = { test, assert, world, made, transportOf, fileOf, recordsOf, openedHash }
  namesSuite(host)
  receiptsSuite(host)
  troublesSuite(host)

  test('what the handler refuses is told by its code, and nothing is sent', async () => {
    const { source } = await fileOf(12 * MiB)
    const transport = transportOf()
    const upload = await uploadSealed(made.keys, source, { context: { other: '1' }, transport })
    await fails(assert, () => upload.done, 'rejected')
    assert.deepEqual(transport.seen.parts, [])
    assert.equal(upload.state, 'failed')
  })

  test('options that mean nothing are refused before anything is asked', async () => {
    const { source } = await fileOf(10)
    const transport = transportOf()
    const wrong = {
      'no transport': [{ context }, 'invalid_argument'],
      'a context that is none': [{ context: 5, transport }, 'invalid_argument'],
      'a part length that is none': [
        { context, transport, partLength: 6_000_000 },
        'invalid_argument',
      ],
      'no lanes': [{ context, transport, inFlight: 0 }, 'invalid_argument'],
      'a name that is none': [{ context, transport, name: 5 }, 'invalid_argument'],
      'records without notes': [
        { context, transport, records: { create() {}, append() {}, load() {}, remove() {} } },
        'invalid_argument',
      ],
      'a name that is misspelt': [{ context, transport, resumes: true }, 'invalid_argument'],
    }
    for (const [name, [o, code]] of Object.entries(wrong))
      await fails(
        assert,
        () => uploadSealed(made.keys, source, /** @type {any} */ (o)),
        code,
        undefined,
        name,
      )
    await fails(
      assert,
      async () => uploadTransport('http://example.com/uploads'),
      'invalid_argument',
    )
    assert.deepEqual(transport.seen.ops, [])
  })

  return { start, stop }
}

const settle = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 10)
  })

const bytesOf = async (path) => {
  const handle = await open(path)
  try {
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}
