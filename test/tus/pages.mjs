// The guide's block in a page of Chromium, which is reloaded in the middle of an upload.
import { plantInPage, storedInPage } from '../s3/page-stores.mjs'
import { amount } from '../support/soak.mjs'
import { guideCode } from './guide.mjs'
import { bundled, canaries, openTab, startSite } from './site.mjs'
import { tusTools } from './tools.mjs'

const piece = 8 * 2 ** 20
const length = 2 * piece + 123_457
const [content, name] = ['canary-of-content-9c2', 'canary-of-name-9c2.bin']

const glue = `
const told = (globalThis.told = { state: 'idle' })
const failed = (error) => Object.assign(told, { state: 'failed', error: String(error) })
document.querySelector('input').addEventListener('change', ({ target }) => {
  const done = (left) =>
    left.then((sent) => Object.assign(told, { state: 'done', sent }), failed)
  send(target.files[0], { endpoint: ENDPOINT, onError: failed }, done).catch(failed)
})`

/** The page of the guide, whose server of tus and key set are ours. */
async function startPage({ jwks, front }) {
  const site = await startSite({
    '/': ['text/html', '<!doctype html><input type=file><script type=module src=/p.js></script>'],
    '/keys.json': ['application/jwk-set+json', jwks],
  })
  const code = guideCode().replace('https://keys.example.com/keys.json', `${site.origin}/keys.json`)
  const script = code + glue.replace('ENDPOINT', JSON.stringify(front.endpoint))
  site.files['/p.js'] = ['text/javascript', await bundled(script)]
  return site
}

/** @param {{ test: any, assert: any, world: () => any, server: string }} host */
export function pagesSuite({ test, assert, world, server }) {
  const { patches, posts, fresh, only, until, arrived } = tusTools({ assert, world })
  const isReady = (page) => page.waitForFunction('globalThis.told', { polling: 50 })
  const { places, sent } = canaries(world)
  const choose = async (page, path) => (await page.$('input')).uploadFile(path)
  const ended = async (page) => {
    const isOver = '["done", "failed"].includes(globalThis.told.state)'
    await page.waitForFunction(isOver, { polling: 50, timeout: 90_000 })
    return page.evaluate('globalThis.told')
  }
  /** Sends a file, with a reload after some of its pieces. */
  const reloaded = async (page, pieces) => {
    const { path, hash } = await world().file(length, { name, content })
    fresh({ before: only(pieces) })
    await choose(page, path)
    await until(() => patches().length === pieces + 1)
    const [{ url }] = patches()
    for (const text of [name, content]) {
      assert.deepEqual(await places(page, text), [])
      assert.lengthOf(sent(text), 0)
    }
    await page.reload()
    await isReady(page)
    fresh()
    await choose(page, path)
    const told = await ended(page)
    assert.equal(told.state, 'done', told.error)
    assert.lengthOf(posts(), 0)
    assert.equal(patches()[0].offset, pieces * piece)
    await arrived({ url: new URL(url, world().front.endpoint).href }, told.sent, { hash, name })
    const kept = (await page.evaluate(storedInPage)).map(([, text]) => text).join()
    assert.notInclude(kept, told.sent.messageId)
    assert.notInclude(kept, 'tus::')
  }

  const rounds = amount({ part: 2, whole: 25 })
  test(`${server}: a page of the guide that is reloaded in the middle, ${rounds} times`, async (t) => {
    const site = await startPage(world())
    const page = await openTab(t, site)
    await page.goto(site.origin)
    await isReady(page)
    for (let round = 0; round < rounds; round++) await reloaded(page, 1 + (round % 2))
    // the control: what is planted is found
    fresh()
    const at = { text: content, handler: world().front.endpoint, bucket: world().front.endpoint }
    await page.evaluate(plantInPage, at)
    assert.includeMembers(await places(page, content), ['IndexedDB planted rows', 'localStorage'])
    assert.isAbove(sent(content).length, 0)
  })
}
