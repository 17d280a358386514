// Files that change between sessions, and records that are older than what left.
import { cp, readdir, rm } from 'node:fs/promises'
import { fileRecords } from 'sealdrop/fs'
import { mutatedBuild } from '../support/mutated-build.mjs'
import { chunkSize, memory, MiB, prepared, tusTools } from './tools.mjs'

const length = 6 * MiB + 123_457

/** @param {{ test: any, assert: any, world: () => any }} host */
export function changesSuite({ test, assert, world }) {
  const { patches, posts, fresh, place, base, begun, arrived } = tusTools({ assert, world })
  const offsetOf = async ({ url }) => (await world().front.stored(url)).length

  /** Begins a file, changes a byte of it that nothing tells of, and goes on. */
  const changedAt = async (place_, seal, given) => {
    const { bytes } = await world().file(length)
    const { folder, urls } = await place()
    const o = { records: fileRecords(folder), urls, name: 'a', seal }
    const first = await begun(memory(bytes), o)
    const other = Uint8Array.from(bytes)
    other[place_] = (other[place_] ?? 0) ^ 1
    const second = await prepared(memory(other), { ...base(), ...o, given: given?.(first.sealing) })
    assert.equal(second.sealing.messageId, first.sealing.messageId)
    const outcome = await second.sent().catch((error) => error)
    await second.sealing.close() // a record that nobody may go on with is gone by then
    return { upload: second.upload, length: second.sealing.length, outcome, folder }
  }

  test('a file that was changed anywhere in what left is refused before its last chunk', async () => {
    for (const at of [0, 700_000, 1_500_000, 2_900_000]) {
      const { upload, outcome, folder, length: whole } = await changedAt(at)
      assert.equal(outcome.code, 'source_changed', `${at}: ${outcome}`)
      assert.isBelow(await offsetOf(upload), whole)
      assert.deepEqual(await readdir(folder), [], 'nobody may go on with it')
    }
  })

  test('a last chunk of one byte does not let all but one byte of the last tag leave', async () => {
    const given = ({ length: whole }) => ({ chunkSize: whole - 3 * chunkSize - 1 })
    const { upload, outcome } = await changedAt(700_000, undefined, given)
    assert.equal(outcome.code, 'source_changed', String(outcome))
    assert.equal(await offsetOf(upload), 3 * chunkSize)
  })

  test('finish may be called twice, and a record that cannot be deleted is no failure', async () => {
    const { bytes, hash } = await world().file(length)
    const { folder } = await place()
    const kept = fileRecords(folder)
    const remove = async () => {
      throw new Error('a disk that only reads')
    }
    const records = { ...kept, remove }
    const onSuccess = () => {}
    const { sealing, upload } = await prepared(memory(bytes), {
      ...base(),
      records,
      name: 'a',
      given: { onSuccess },
    })
    const over = new Promise((resolve, reject) => {
      upload.options.onSuccess = () => resolve(Promise.all([sealing.finish(), sealing.finish()]))
      upload.options.onError = reject
    })
    upload.start()
    const [one, two] = await over
    assert.deepEqual(one, two)
    await arrived(upload, one, { hash, name: 'a' })
  })

  test('a build that compares nothing would send it all', async () => {
    const text = 'ensureSame(this.#claim(index, tag, claimed | sealedHere))'
    const mutant = await mutatedBuild(
      'stream/frame-ledger.js',
      text,
      'this.#claim(index, tag, claimed | sealedHere)',
    )
    try {
      const { sealForTus } = await import(new URL('doors/tus.js', mutant.build).href)
      const { outcome, upload, length: whole } = await changedAt(1_500_000, sealForTus)
      assert.equal(outcome.length, whole)
      assert.equal(await offsetOf(upload), whole)
    } finally {
      await mutant.close()
    }
  })

  test('before the last chunk leaves, all that left in the session before was read again', async () => {
    const { bytes, hash } = await world().file(length)
    const { folder, urls } = await place()
    const o = { records: fileRecords(folder), urls, name: 'a' }
    await begun(memory(bytes), o, 3)
    const reads = /** @type {[number, number][]} */ ([])
    const readBefore = /** @type {[number, number][]} */ ([])
    const { sealing, upload, sent } = await prepared(memory(bytes, reads), { ...base(), ...o })
    fresh({
      before: ({ method, offset, body }) => {
        if (method === 'PATCH' && offset + body.length === sealing.length) readBefore.push(...reads)
      },
    })
    await arrived(upload, await sent(), { hash, name: 'a' })
    let covered = 0
    for (const [start, end] of readBefore.toSorted(([a], [b]) => a - b))
      if (start <= covered) covered = Math.max(covered, end)
    assert.equal(covered, length, 'without a gap')
    assert.equal(patches()[0].offset, 3 * chunkSize)
  })

  test('a record that is older than what the server has ends, and the file begins anew', async () => {
    const { bytes, hash } = await world().file(length)
    const { folder, urls } = await place()
    const older = `${folder}-older`
    const o = { records: fileRecords(folder), urls, name: 'a' }
    const first = await begun(memory(bytes), o, 1)
    await cp(folder, older, { recursive: true })
    const again = await prepared(memory(bytes), { ...base(), ...o })
    await again.sent()
    assert.equal(again.sealing.messageId, first.sealing.messageId)
    await rm(folder, { recursive: true })
    await cp(older, folder, { recursive: true })
    fresh()
    // the URL is gone from the storage, since the upload is whole: a backup has it
    const uploadUrl = again.upload.url
    const second = await prepared(memory(bytes), { ...base(), ...o, given: { uploadUrl } })
    assert.equal(second.sealing.messageId, first.sealing.messageId)
    assert.equal((await second.sent().catch((error) => error)).code, 'conflict')
    assert.lengthOf(patches(), 0)
    assert.deepEqual(await readdir(folder), [])
    const third = await prepared(memory(bytes), { ...base(), ...o })
    assert.notEqual(third.sealing.messageId, first.sealing.messageId)
    await arrived(third.upload, await third.sent(), { hash, name: 'a' })
    assert.lengthOf(posts(), 1)
  })

  test('an offset in the middle that is beyond the record ends it before a byte leaves', async () => {
    const { bytes } = await world().file(length)
    const { folder, urls } = await place()
    const o = { records: fileRecords(folder), urls, name: 'a' }
    await begun(memory(bytes), o, 2)
    const after = ({ method }, headers) => {
      if (method === 'HEAD') headers['upload-offset'] = `${4 * chunkSize}`
    }
    fresh({ after })
    const { sent } = await prepared(memory(bytes), { ...base(), ...o })
    const error = await sent().catch((found) => found)
    assert.equal(error.code, 'conflict')
    assert.match(error.message, /4194304 bytes, more than left by this record/)
    assert.lengthOf(patches(), 0)
    assert.deepEqual(await readdir(folder), [])
    fresh()
  })
}
