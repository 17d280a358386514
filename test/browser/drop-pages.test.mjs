// `<sealdrop-drop>` in pages of every kind: by the lines of the guide, in a frame, with a link that
// says other things; and what it does where something is wrong: it sends nothing, and says why.
import test from 'node:test'
import { unlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import { assert } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import { launches } from '../s3/page-world.mjs'
import { builtDoors } from '../support/built-doors.mjs'
import { differences, examplesOf, inPages, publicVerbs } from '../support/doc-examples.mjs'
import { documentAt } from '../support/documents.mjs'
import { openDrop } from '../support/drop-page.mjs'
import { startDropWorld } from '../support/drop-world.mjs'
import { portOf } from '../support/listen.mjs'
import { present } from '../support/types.mjs'

const world = await startDropWorld()
const { store, fileOf } = world
const browser = await launches.Chromium()
test.after(async () => {
  await browser.close()
  await world.close()
})
const small = await fileOf('letter.jpg', 300_000)
const home = world.page('/works.html')
const at = (t, url = home, prepare) => openDrop(t, browser, url, prepare)

test('the address of the page changes nothing', async (t) => {
  const shownAt = async (url) => {
    const { page, box } = await at(t, url)
    await box.find('.key')
    const about = await page.evaluate(() => {
      const element = document.querySelector('sealdrop-drop')
      return [element?.shadowRoot?.querySelector('.who')?.['innerText'], element?.state]
    })
    const asked = []
    page.on('request', (request) => asked.push(new URL(request.url()).origin))
    await box.choose(small.path)
    await box.click('.main')
    await box.is('done')
    return [about, new Set(asked)]
  }
  const evil = { ...world.settings, endpoint: 'http://127.0.0.1:9/evil', pins: 'A'.repeat(43) }
  const query = new URLSearchParams({
    ...evil,
    company: 'Evil',
    roots: '[]',
    keys: 'http://127.0.0.1:9/k',
    lang: 'de',
    link: 'a.b.c',
  })
  assert.deepEqual(await shownAt(`${home}?${query}#${query}`), await shownAt(home))
})

test('an inherited member of a polluted page is no setting', async (t) => {
  world.files['/pollute.js'] = "Object.prototype.endpoint = 'http://127.0.0.1:9/evil'"
  const url = world.page('/polluted.html', { head: '<script src="/pollute.js"></script>' })
  const { box, troubles } = await at(t, url)
  await box.choose(small.path)
  await box.click('.main')
  await box.find('.outcome button') // what waits for a function breaks in such a page itself
  assert.deepEqual(troubles, [])
})

test('what is shown is what files are sealed to, also where the set changed meanwhile', async (t) => {
  const [first] = JSON.parse(world.jwks).keys
  const { publicKey } = await crypto.subtle.generateKey(
    { name: 'ECDH', namedCurve: 'P-256' },
    false,
    ['deriveBits'],
  )
  const { x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  const { kty, crv, alg, use } = first
  const next = { kty, crv, x, y, alg, use }
  const pins = [first, next].map(async (jwk) => calculateJwkThumbprint(jwk))
  const [shown, later] = await Promise.all(pins)
  const hand = (jwk) => (world.files['/turning.json'] = JSON.stringify({ keys: [jwk] }))
  hand(first)
  world.files['/turning.js'] = `
    import { fetchKeySet, pinned } from '/doors/index.js'
    import { defineDrop } from '/doors/drop.js'
    const trust = pinned(['${shown}', '${later}'].map((thumbprint) => ({ thumbprint, use: 'enc' })))
    globalThis.turning = fetchKeySet('/turning.json', { trust })
    defineDrop()
    const { endpoint, context } = ${JSON.stringify(world.settings)}
    Object.assign(document.querySelector('sealdrop-drop'), { endpoint, context, keys: turning })`
  Object.assign(world.files, await builtDoors(['index', 'drop']))
  const script = '<script type="module" src="/turning.js"></script>'
  const body = '<sealdrop-drop></sealdrop-drop>'
  const { page, box, troubles } = await at(t, world.page('/turning.html', { script, body }))
  assert.include(await box.text('.key'), shown)
  hand(next)
  await page.evaluate('turning.refresh()')
  await box.choose(small.path)
  await box.click('.main')
  await box.is('done')
  const [receipt] = await box.receipts()
  assert.equal(receipt?.recipients[0]?.thumbprint, later)
  await page.waitForFunction(
    (text) => document.querySelector('sealdrop-drop')?.shadowRoot?.textContent.includes(text),
    {},
    later,
  )
  assert.notInclude(await box.text('dl'), shown)
  assert.deepEqual(troubles, [])
})

test('the lines of the guide are a page that works', async (t) => {
  const guide = documentAt('docs/guides/drop.md')
  const markup = present(guide.text.split('```html\n')[1]?.split('\n```')[0])
  assert.isAtMost(markup.split('\n').length, 12)
  const body = markup
    .replace('https://app.example.com/uploads', world.handler)
    .replace('https://keys.example.com', world.site)
    .replace('tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc', world.pin)
    .replace('sha384-…', world.integrity)
  assert.lengthOf(
    [world.handler, world.site, world.pin, world.integrity].filter((one) => body.includes(one)),
    4,
  )
  const { box, troubles } = await at(t, world.page('/guide.html', { script: '', body }))
  await box.choose(small.path)
  await box.click('.main')
  await box.is('done')
  const [receipt] = await box.receipts()
  const opened = await world.opened(receipt?.key, { form: 'claim' })
  assert.equal(opened.hash, small.hash)
  assert.deepEqual(troubles, [])
})

test('the example of the docstring', async (t) => {
  const [example] = publicVerbs()
    .filter(({ name }) => name === 'defineDrop' && Object.hasOwn(inPages, name))
    .flatMap(examplesOf)
  const code = present(example).code.replace("'sealdrop/drop'", "'/doors/drop.js'")
  Object.assign(world.files, { '/example.js': code, ...(await builtDoors(['drop'])) })
  const script = '<script type="module" src="/example.js"></script>'
  const lines = []
  const { troubles } = await at(t, world.page('/example.html', { script, body: ' ' }), (page) => {
    page.on('console', (message) => lines.push(message.text()))
  })
  assert.deepEqual(troubles, [])
  assert.deepEqual(differences(example, { lines, failed: undefined }), [])
})

test('in a frame, with settings of the page in it', async (t) => {
  const csp = world.policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
  world.page('/framed.html', { csp })
  const url = world.page('/frames.html', {
    script: '',
    body: '<iframe src="/framed.html" style="width:600px;height:700px"></iframe>',
    csp: '',
  })
  const { page, troubles } = await at(t, url)
  const frame = present(await (await page.waitForSelector('iframe'))?.contentFrame())
  const input = await frame.waitForSelector('>>> input[multiple]')
  await frame.waitForSelector('>>> .key')
  await /** @type {any} */ (input).uploadFile(small.path)
  await (await frame.waitForSelector('>>> .main', { visible: true }))?.click()
  await frame.waitForFunction(() => document.querySelector('sealdrop-drop')?.state === 'done')
  const [receipt] = await frame.evaluate(
    () => document.querySelector('sealdrop-drop')?.receipts ?? [],
  )
  assert.equal(await world.openedHash(receipt?.key), small.hash)
  assert.deepEqual(troubles, [])
})

/** How often anything was asked of handler and bucket meanwhile. */
async function sentBy(page, work) {
  const sent = []
  const hosts = [world.handler, world.bucketUrl].map((url) => new URL(url).origin)
  page.on('request', (request) => {
    if (hosts.includes(new URL(request.url()).origin)) sent.push(request.url())
  })
  await work()
  return sent.length
}

test('where a file cannot be read or sealed, nothing of it is uploaded', async (t) => {
  const { page, box } = await at(t)
  const gone = await fileOf('gone.bin', 20_000)
  await box.choose(gone.path)
  await unlink(gone.path)
  const puts = store.puts.length
  await box.click('.main')
  await box.is('failed')
  assert.include(await box.text('li .state'), 'The file was changed or moved')
  assert.equal(await box.text('li code'), 'source_changed')
  assert.match(await box.text('.outcome'), /^1 file did not arrive$/)

  await page.reload()
  await page.evaluate(() => {
    crypto.subtle.encrypt = () => Promise.reject(new Error('no'))
  })
  await box.choose(small.path)
  await box.click('.main')
  await box.is('failed')
  assert.notEqual(await box.text('li .state'), '')
  assert.equal(store.puts.length, puts)
})

test('keys that nobody vouches for are said, and nothing is sent', async (t) => {
  const url = world.page('/untrusted.html', { attributes: { pins: 'A'.repeat(43) } })
  const { page, box } = await at(t, url)
  const sent = await sentBy(page, async () => {
    assert.equal(await box.text('.who-title'), 'Nothing can be sent now')
    assert.include(await box.text('.problem-text'), 'not the one that this page expects')
    assert.include(await box.text('.problem-text'), 'keys_untrusted')
    await box.choose(small.path)
    assert.isTrue(await (await box.find('.main')).evaluate((node) => node['disabled']))
    await page.evaluate(() => document.querySelector('sealdrop-drop')?.send())
    await new Promise((resolve) => setTimeout(resolve, 300))
    await box.is('ready')
  })
  assert.equal(sent, 0)
})

test('a page that says too little is told what is missing, and takes no file', async (t) => {
  /** @type {[object, string][]} */
  const rows = [
    [{ pins: '' }, 'pins, roots: expected one of them'],
    [{ roots: '[{}]' }, 'pins, roots: expected one of them'],
    [{ endpoint: '' }, 'endpoint: expected the URL'],
    [{ keys: '' }, 'keys: expected the URL'],
    [{ context: 'claim 7' }, 'context: expected JSON'],
  ]
  for (const [attributes, message] of rows) {
    const { page, box } = await at(t, world.page('/wrong.html', { attributes }))
    assert.equal(await box.text('.who-title'), 'This page is not ready to receive files')
    assert.include(await box.text('.problem-text code'), message)
    await page.waitForSelector('>>> .zone', { hidden: true })
  }
})

test('what the handler refuses is said, and can be tried again', async (t) => {
  const { page, box } = await at(t)
  await page.evaluate(() => {
    const element = document.querySelector('sealdrop-drop')
    if (element) element.headers = { authorization: 'Bearer nobody' }
  })
  await box.choose(small.path)
  await box.click('.main')
  await box.is('failed')
  assert.include(await box.text('li .state'), 'does not accept this')
  assert.equal(await box.text('li code'), 'rejected')
  await page.evaluate(() => {
    const element = document.querySelector('sealdrop-drop')
    if (element) element.headers = undefined
  })
  await box.click('li .small')
  await box.is('done')
})

test('what the bucket refuses is said, and nothing arrives', async (t) => {
  const { box } = await at(t)
  const objects = await world.objects()
  store.before = async () => ({ status: 403, code: 'AccessDenied' })
  t.after(() => (store.before = undefined))
  await box.choose(small.path)
  await box.click('.main')
  await box.is('failed')
  assert.match(await box.text('li .state'), /^(The server did not take it|The company does not)/)
  assert.deepEqual(await world.objects(), objects)
  assert.deepEqual(await box.receipts(), [])
})

test('without a connection it says so, and goes on by itself', async (t) => {
  const { page, box } = await at(t)
  await box.choose(small.path)
  await page.setOfflineMode(true)
  await box.click('.main')
  await page.waitForFunction(() =>
    document
      .querySelector('sealdrop-drop')
      ?.shadowRoot?.querySelector('.speed')
      ?.textContent?.startsWith('no connection'),
  )
  await page.setOfflineMode(false)
  await box.is('done')

  const server = createServer()
  const port = await portOf(server)
  server.close()
  const attributes = { endpoint: `http://127.0.0.1:${port}/uploads` }
  const csp = world.policy.replace('connect-src', `connect-src http://127.0.0.1:${port}`)
  const lost = await at(t, world.page('/lost.html', { attributes, csp }))
  await lost.box.choose(small.path)
  await lost.box.click('.main')
  assert.equal(await lost.box.text('.speed:not(:empty)'), 'no connection: it goes on by itself')
  await lost.box.click('[part~=cancel]')
  await lost.box.is('empty')
})

test('where its script does not run, there is no request', async (t) => {
  const requests = async (url) => {
    const asked = []
    const { page } = await at(t, url, (tab) => {
      tab.on('request', (request) => asked.push(new URL(request.url()).pathname))
    })
    await new Promise((resolve) => setTimeout(resolve, 400))
    const isDefined = await page.evaluate(() => !!customElements.get('sealdrop-drop'))
    const own = [new URL(url).pathname, '/watch-policy.js', '/sealdrop-drop.min.js', '/gone.js']
    return { isDefined, asked: asked.filter((path) => !own.includes(path)) }
  }
  const none = { isDefined: false, asked: [] }
  const csp = world.policy.replace("script-src 'self'", "script-src 'none'")
  const changed = `<script src="/sealdrop-drop.min.js" integrity="sha384-${'A'.repeat(64)}"></script>`
  assert.deepEqual(await requests(world.page('/blocked.html', { csp })), none)
  assert.deepEqual(await requests(world.page('/changed.html', { script: changed })), none)
  const script = '<script src="/gone.js"></script>'
  assert.deepEqual(await requests(world.page('/gone.html', { script })), none)
  // the control: where it runs, the keys are asked for
  assert.deepEqual(await requests(home), { isDefined: true, asked: ['/keys.json'] })
})

test('properties go before attributes, also those that were set before it was defined', async (t) => {
  world.files['/early.js'] = "document.querySelector('sealdrop-drop').company = 'Early'"
  const url = world.page('/early.html', { head: '' })
  world.files['/early.html'].text = world.files['/early.html'].text.replace(
    '<script src="/sealdrop-drop',
    '<script src="/early.js" defer></script><script src="/sealdrop-drop',
  )
  const { page, box } = await at(t, url)
  assert.equal(await box.text('.who-title'), 'Only Early can open them')
  const title = async (words) => {
    await page.waitForFunction(
      (wanted) =>
        document.querySelector('sealdrop-drop')?.shadowRoot?.querySelector('.who-title')
          ?.textContent === wanted,
      { timeout: 5_000 },
      words,
    )
  }
  await page.evaluate(() => {
    const element = document.querySelector('sealdrop-drop')
    if (element) element.company = undefined
  })
  await title('Only Example Insurance can open them')
  await page.evaluate(() => (document.documentElement.lang = 'de-AT'))
  await title('Nur Example Insurance kann sie öffnen')
  Object.assign(world.files, await builtDoors(['drop']))
  await page.evaluate(async (door) => {
    document.documentElement.lang = 'fr'
    const { en } = await import(door)
    const element = document.querySelector('sealdrop-drop')
    if (element) element.messages = { fr: { ...en, whoFor: '{company} seul' } }
  }, '/doors/drop.js')
  await title('Example Insurance seul')
})

test('it is defined once, and not where another script has its name', async (t) => {
  Object.assign(world.files, await builtDoors(['drop']))
  const { page } = await at(t, world.page('/doors.html', { script: '', body: ' ' }))
  const codes = await page.evaluate(async (door) => {
    const { defineDrop } = await import(door)
    const codeOf = () => {
      try {
        return defineDrop() ?? 'defined'
      } catch (error) {
        return Object(error).code
      }
    }
    const again = [codeOf(), codeOf()]
    const real = customElements.get.bind(customElements)
    customElements.get = () => HTMLElement
    const other = codeOf()
    customElements.get = real
    return [...again, other]
  }, '/doors/drop.js')
  assert.deepEqual(codes, ['defined', 'defined', 'conflict'])
})
