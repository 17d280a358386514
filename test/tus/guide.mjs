// The first block of the guide, as it stands there, sends to a server.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { documentAt, withResolvedImports } from '../support/documents.mjs'
import { MemoryKeyRange, memoryIndexedDb } from '../support/memory-indexed-db.mjs'
import { tusTools } from './tools.mjs'

const mostLines = 12

/** The block of the guide that a page has. */
export const guideCode = () => documentAt('docs/guides/tus.md').code[0] ?? ''

/** @param {{ test: any, assert: any, world: () => any }} host */
export function guideSuite({ test, assert, world }) {
  const { fresh, posts, arrived } = tusTools({ assert, world })

  test('what the guide shows sends a file, in at most 12 lines', async (t) => {
    const code = guideCode()
    assert.isAtMost(code.trimEnd().split('\n').length, mostLines)
    t.mock.method(globalThis, 'fetch', async () => new Response(world().jwks))
    Object.assign(globalThis, { indexedDB: memoryIndexedDb(), IDBKeyRange: MemoryKeyRange })
    t.after(() => {
      Reflect.deleteProperty(globalThis, 'indexedDB')
      Reflect.deleteProperty(globalThis, 'IDBKeyRange')
    })
    const path = join(await world().folder(), 'guide.mjs')
    await writeFile(path, withResolvedImports(code))
    const { send } = await import(pathToFileURL(path).href)
    const { bytes, hash } = await world().file(9 * 2 ** 20)
    fresh()
    const { endpoint } = world().front
    const sent = await new Promise((resolve, reject) => {
      void send(new File([bytes], 'a claim.pdf'), { endpoint, onError: reject }, resolve).catch(
        reject,
      )
    })
    t.mock.restoreAll()
    assert.lengthOf(posts(), 1)
    const [{ url }] = world().front.requests.filter(({ method }) => method === 'PATCH')
    await arrived({ url: new URL(url, endpoint).href }, sent, { hash, name: 'a claim.pdf' })
  })
}
