// What the tests of tus share: requests that are looked at, and sessions that end in the middle.
import { join } from 'node:path'
import { chunkSize, prepared } from './client.mjs'
import { context } from './world.mjs'

export { chunkSize, MiB, ourError, prepared } from './client.mjs'

/** Bytes in memory as a file, which says nothing of its time. Reads are told. */
export const memory = (bytes, reads = /** @type {[number, number][]} */ ([])) => ({
  size: bytes.length,
  read: async (start, end) => {
    reads.push([start, end])
    return bytes.subarray(start, end)
  },
})

/** @param {{ assert: any, world: () => any }} host */
export function tusTools({ assert, world }) {
  const patches = () => world().front.requests.filter(({ method }) => method === 'PATCH')
  const posts = () => world().front.requests.filter(({ method }) => method === 'POST')
  /** Forgets what was requested, and how it is answered. */
  const fresh = (hooks = {}) =>
    Object.assign(world().front, { requests: [], before: undefined, after: undefined, ...hooks })
  /** Where a sender keeps what it needs to go on. */
  const place = async () => {
    const folder = await world().folder()
    return { folder: join(folder, 'records'), urls: join(folder, 'urls.json') }
  }
  const base = () => ({ keys: world().keys, endpoint: world().front.endpoint, context })
  /** Keeps back each PATCH behind the first ones. */
  const only = (count) => (seen) =>
    seen.method === 'PATCH' && patches().indexOf(seen) >= count ? new Promise(() => {}) : undefined
  const until = async (isSo) => {
    for (let i = 0; i < 3_000 && !isSo(); i++) await new Promise((r) => setTimeout(r, 10))
    assert.isTrue(isSo(), 'it came in 30 s')
  }
  /** Sends the first chunks of a file, as a session that ends then. */
  const begun = async (file, o, count = 3) => {
    fresh({ before: only(count) })
    const first = await prepared(file, { ...base(), ...o })
    void first.sent()
    await until(() => patches().length === count + 1)
    await first.stop()
    fresh()
    assert.lengthOf(await world().front.stored(first.upload.url), count * chunkSize)
    return first
  }
  /** Opens what arrived, and compares it. */
  const arrived = async ({ url }, sent, { hash, name }) => {
    const opened = await world().opened(url)
    assert.equal(opened.hash, hash)
    assert.deepEqual([opened.digest, opened.length], [sent.digest, sent.length])
    assert.equal(opened.name, name)
    return opened
  }
  return { patches, posts, fresh, place, base, only, until, begun, arrived }
}
