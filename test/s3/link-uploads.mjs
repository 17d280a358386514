// uploadSealed by a link, against a handler with dropLinks: which token goes where, and what is kept.
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importKeySet, inHand } from 'sealdrop'
import * as door from 'sealdrop'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { createDropLink, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { dropLinks, memoryLinks, uploadListener } from 'sealdrop/s3'
import { unfinishedUploads, uploadAll, uploadSealed, uploadTransport } from 'sealdrop/upload'
import { fails, keysInHand } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { forgetUploads } from './forget-uploads.mjs'
import { secret } from './world.mjs'

const MiB = 2 ** 20
const partLength = 5 * MiB
const context = { claim: '7' }

/** @param {{ test: any, assert: any, world: () => any }} host */
export function linkUploadsSuite({ test, assert, world }) {
  const keys = keysInHand(door, 'P-256-enc')
  const key = 'alias/links'

  const made = async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'sealdrop-links-'))
    const local = await startLocalKms({
      keys: [{ alias: key, spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
    })
    const kms = local.clientConfig
    const linkKeys = importKeySet(await publicJwk({ kms, key }), { trust: inHand() })
    const store = memoryLinks()
    let listener
    const server = createServer((request, response) => listener(request, response))
    const url = `http://127.0.0.1:${await portOf(server)}/uploads`
    const authorize = dropLinks({ keys: linkKeys, audience: url, store })
    const { s3, bucket } = world()
    const to = { s3, bucket, prefix: 'inbox/', secrets: [secret], origins: [] }
    let late = 0
    listener = uploadListener({ ...to, authorize, now: () => Date.now() + late })
    t.after(async () => {
      server.close()
      server.closeAllConnections()
      await local.close()
      await rm(folder, { recursive: true })
    })
    const path = join(folder, randomUUID())
    await writeFile(path, randomBytes(12 * MiB))
    const page = 'https://app.example.com/'
    const of = { kms, key, page, audience: url, subject: 'acme', context, expiresIn: 3_600_000 }
    /** Which token each verb was asked by. */
    const asked = []
    const real = uploadTransport(url)
    /** Sends so many parts, and then fails for good. */
    const transport = (most = Infinity) => {
      let sent = 0
      return {
        url,
        ask: (op, request, o) => {
          asked.push([op, o?.link])
          return real.ask(op, request, o)
        },
        put: async (part, body, o) => {
          assert.notProperty(o, 'link')
          if (++sent > most) return { status: 403, code: 'No', message: '', retryAfter: 0 }
          return real.put(part, body, o)
        },
      }
    }
    return {
      store,
      /** The handler's clock goes on. */
      wait: (ms) => void (late += ms),
      asked,
      tokens: () => [...new Set(asked.splice(0).map(([, token]) => token))],
      linkOf: (o = {}) => createDropLink({ ...of, ...o }),
      file: () => fileSource(path),
      records: fileRecords(join(folder, 'records')),
      transport,
      o: { context, partLength, inFlight: 1, name: 'a file' },
    }
  }
  /** Sends one part of a file. @returns its message id */
  const begunBy = async ({ o, records, file, transport }, link) => {
    const upload = await uploadSealed(keys, await file(), {
      ...o,
      records,
      transport: transport(1),
      link,
    })
    await fails(assert, upload.done, 'output_failed')
    return upload.messageId
  }

  forgetUploads({ test, assert, world, tools: { made, begunBy, keys } })

  test('link: the token is kept until the file is done, and an upload goes on by it', async (t) => {
    const it = await made(t)
    const { o, records, file, transport, tokens } = it
    const link = await it.linkOf({ files: 1 })
    const messageId = await begunBy(it, link)
    assert.deepEqual(tokens(), [link.token])
    const [unfinished] = await unfinishedUploads(records)
    assert.notInclude(JSON.stringify(unfinished), link.token)
    assert.include(JSON.stringify(await records.list('upload')), link.token)
    const again = { ...o, records, transport: transport() }
    const upload = await uploadSealed(keys, await file(), again)
    assert.equal(upload.messageId, messageId)
    await upload.done
    assert.deepEqual(tokens(), [link.token])
    assert.deepEqual(await records.list('upload'), [])
    // the record is gone, and the token with it
    const third = await uploadSealed(keys, await file(), again)
    await fails(assert, third.done, 'rejected')
    assert.deepEqual(tokens(), [undefined])
  })

  test('link: another link begins anew, and the same one goes on', async (t) => {
    const it = await made(t)
    const { o, records, file, transport, tokens } = it
    const [one, two] = [await it.linkOf(), await it.linkOf()]
    const messageId = await begunBy(it, one)
    const other = await begunBy(it, two)
    assert.notEqual(other, messageId)
    assert.deepEqual(tokens(), [one.token, two.token])
    const upload = await uploadSealed(keys, await file(), {
      ...o,
      records,
      transport: transport(),
      link: one,
    })
    assert.equal(upload.messageId, messageId)
    await upload.done
    assert.deepEqual(tokens(), [one.token])
  })

  test('link: an upload goes on as it was begun, whoever the page is by then', async (t) => {
    const it = await made(t)
    const { o, records, file, transport } = it
    const link = await it.linkOf()
    const messageId = await begunBy(it, link)
    const sent = new Set()
    const fetch = (url, init) => {
      sent.add(init.headers.get('authorization'))
      return globalThis.fetch(url, init)
    }
    const headers = { authorization: 'Bearer of-the-app' }
    const own = uploadTransport(transport().url, { headers, fetch })
    const upload = await uploadSealed(keys, await file(), { ...o, records, transport: own })
    assert.equal(upload.messageId, messageId)
    await upload.done
    assert.deepEqual([...sent], [`Bearer ${link.token}`])

    await begunBy(it, link)
    sent.clear()
    const anew = { ...o, records, transport: own, resume: false }
    const other = await uploadSealed(keys, await file(), anew)
    await fails(assert, other.done, 'rejected')
    assert.deepEqual([...sent], ['Bearer of-the-app'])
  })

  test('link: a cancelled upload is given back by the token that was kept', async (t) => {
    const it = await made(t)
    const { o, records, file, transport, tokens } = it
    const link = await it.linkOf({ files: 1 })
    await begunBy(it, link)
    const upload = await uploadSealed(keys, await file(), {
      ...o,
      records,
      transport: transport(0),
    })
    upload.pause()
    await upload.cancel()
    assert.deepEqual(tokens(), [link.token])
    const fresh = await uploadSealed(keys, new Blob(['a']), {
      context,
      transport: transport(),
      link,
    })
    await fresh.done
  })

  test('link: what has to start over keeps the token', async (t) => {
    const it = await made(t)
    const { o, records, file, transport, asked } = it
    const link = await it.linkOf()
    const messageId = await begunBy(it, link)
    const real = transport()
    const ask = (op, request, given) => {
      if (op !== 'list') return real.ask(op, request, given)
      const unknown = { part: 3, length: 1, sha256: 'A'.repeat(43) }
      return Promise.resolve({ parts: [unknown], more: false })
    }
    const upload = await uploadSealed(keys, await file(), {
      ...o,
      records,
      transport: { ...real, ask },
    })
    await upload.done
    assert.notEqual(upload.messageId, messageId)
    assert.deepEqual(new Set(asked.map(([, token]) => token)), new Set([link.token]))
  })

  test('link: many files go by one link, and the first one beyond it is refused', async (t) => {
    const it = await made(t)
    const link = await it.linkOf({ files: 2 })
    const files = [1, 2, 3].map((length) => new Blob(['x'.repeat(length)]))
    const o = { context, transport: it.transport(), link, filesInFlight: 1 }
    const outcomes = await uploadAll(keys, files, o).done
    assert.deepEqual(
      outcomes.map(({ status, reason }) => [status, reason?.code]),
      [
        ['fulfilled', undefined],
        ['fulfilled', undefined],
        ['rejected', 'rejected'],
      ],
    )
    assert.notInclude(outcomes[2].reason.message, link.token)
  })
}
