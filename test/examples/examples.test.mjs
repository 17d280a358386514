// Every file of examples/ runs here, on the packed package, against the local KMS.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { fetchKeySet, importKeySet, inHand, pinned, seal, verifyReceipt } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { keySetHandler } from 'sealdrop/serve'
import { Miniflare } from 'miniflare'
import { bundleWorker } from '../support/bundle-worker.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { listen } from '../support/listen.mjs'
import { sentOf } from '../support/sent.mjs'
import { keys, workplace } from './workplace.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { folder, local, close } = await workplace()
const publisher = createPublisher({
  kms: local.clientConfig,
  keys: keys.map(({ alias }) => ({ key: alias })),
})
const opener = createOpener({ kms: local.clientConfig, keys: ['alias/claims'] })
const { jwks } = await publisher.documents()
const inHandKeys = importKeySet(jwks, { trust: inHand() })
const pins = (await inHandKeys.list()).map(({ thumbprint }) => thumbprint)
const context = { form: 'claim' }
after(close)

/** Ends a server, and connections that somebody keeps open. */
function end(server) {
  server.close()
  server.closeAllConnections()
}

/** Sends a sealed claim to a backend of the examples, and checks the receipt. */
async function sendsClaim(url) {
  const set = fetchKeySet(new URL('/.well-known/jwks.json', url), { trust: pinned(pins) })
  const sealed = await seal(set, { iban: 'DE02' }, { context })
  const response = await fetch(new URL('/claims', url), { method: 'POST', body: sealed })
  assert.equal(response.status, 200)
  const receipt = await verifyReceipt(set, await response.text(), { sent: await sentOf(sealed) })
  assert.equal(receipt.stage, 'opened')
  const refused = await fetch(new URL('/claims', url), { method: 'POST', body: 'no.jwe' })
  assert.deepEqual([refused.status, await refused.json()], [400, { error: 'malformed' }])
}

for (const name of ['express', 'hono']) {
  test(`${name}: publishes keys, opens a claim and answers a receipt`, async (t) => {
    const { server } = await import(pathToFileURL(join(folder, `${name}.mjs`)).href)
    t.after(() => end(server))
    if (!server.listening) await once(server, 'listening')
    await sendsClaim(`http://127.0.0.1:${server.address().port}/`)
  })
}

test('lambda: opens a body in base64 and in text, and refuses another', async () => {
  const { handler } = await import(pathToFileURL(join(folder, 'lambda.mjs')).href)
  const sealed = await seal(inHandKeys, 'a claim', { context })
  for (const isBase64Encoded of [true, false]) {
    const body = isBase64Encoded ? Buffer.from(sealed).toString('base64') : sealed
    const answer = await handler({ body, isBase64Encoded })
    assert.equal(answer.statusCode, 200)
    await verifyReceipt(inHandKeys, answer.body, { sent: await sentOf(sealed) })
  }
  const refused = await handler({ body: 'no.jwe', isBase64Encoded: false })
  assert.deepEqual(refused, { statusCode: 400, body: '{"error":"malformed"}' })
})

test('partner: seals a file that the company opens, and leaves no half file', async (t) => {
  const host = await listen(keySetHandler(publisher))
  t.after(() => host.close())
  const where = mkdtempSync(join(tmpdir(), 'sealdrop-partner-'))
  const path = join(where, 'report.txt')
  writeFileSync(path, 'a report')
  const run = (...args) => execAsync(process.execPath, [join(folder, 'partner.mjs'), ...args])
  const { stdout } = await run(path, host.url, pins[0])
  const said = JSON.parse(stdout)
  const out = join(where, 'opened')
  const opened = await opener.openFile(`${path}.sealed`, out, { context: { form: 'report' } })
  assert.equal(opened.messageId, said.messageId)
  assert.equal(readFileSync(out, 'utf8'), 'a report')
  const wrong = await run(path, host.url, 'A'.repeat(43))
  assert.notEqual(wrong.status, 0)
  assert.match(wrong.stderr, /no_usable_key|keys_untrusted/)
  assert.deepEqual(globSync('*.part', { cwd: where }), [])
  assert.equal((await run()).status, 2)
  rmSync(where, { recursive: true })
})

test('worker: seals the named fields of an order', async (t) => {
  const host = await listen(keySetHandler(publisher))
  t.after(() => host.close())
  const worker = new Miniflare({
    modules: true,
    compatibilityDate: '2025-01-01',
    script: await bundleWorker(join(folder, 'worker/worker.js')),
    bindings: { KEY_SET_URL: host.url, PINS: pins.join(',') },
  })
  t.after(() => worker.dispose())
  const order = { id: 7, person: { iban: 'DE02' }, items: [{ note: 'ring twice' }] }
  const post = (body) => worker.dispatchFetch('http://worker.example/', { method: 'POST', body })
  const answer = await post(JSON.stringify(order))
  const sealed = /** @type {{ id: unknown }} */ (await answer.json())
  assert.equal(sealed.id, 7)
  assert.notInclude(JSON.stringify(sealed), 'DE02')
  const fields = ['person.iban', 'items.*.note']
  const opened = await opener.openFields(sealed, { context: { flow: 'order' }, fields })
  assert.deepEqual(opened, order)
})

const types = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

test('page: seals in the tab, and shows that the receipt verified', async (t) => {
  const { server } = await import(`${pathToFileURL(join(folder, 'express.mjs')).href}?page`)
  t.after(() => end(server))
  if (!server.listening) await once(server, 'listening')
  const company = `http://127.0.0.1:${server.address().port}`
  const integrity = JSON.parse(readFileSync(join(root, 'dist/integrity.json'), 'utf8'))
  const read = (name) => readFileSync(join(folder, 'page', name), 'utf8')
  const files = {
    '/': ['text/html', read('index.html').replace('{{integrity}}', integrity['sealdrop.min.js'])],
    '/page.js': [
      'text/javascript',
      read('page.js').replace('{{sealing pin}}', pins[0]).replace('{{receipt pin}}', pins[1]),
    ],
    '/sealdrop.min.js': ['text/javascript', readFileSync(join(root, 'dist/sealdrop.min.js'))],
  }
  const host = await listen(async (request) => {
    const { pathname } = new URL(request.url)
    const [type, body] = files[pathname] ?? []
    if (type) return new Response(body, { headers: { 'content-type': type } })
    const duplex = request.method === 'POST' ? { body: request.body, duplex: 'half' } : {}
    return fetch(company + pathname, { method: request.method, ...duplex })
  })
  t.after(() => host.close())
  const said = await inPage(host.url, 'input[name=iban]', '#answer')
  assert.equal(said, "The company's KMS signed that it opened your claim.")
})

test('vite: a built page seals what the company opens', async (t) => {
  const jwk = JSON.parse(jwks).keys.find(({ use }) => use === 'enc')
  writeFileSync(join(folder, 'vite/key.json'), JSON.stringify(jwk))
  execFileSync(process.execPath, [join(folder, 'node_modules/vite/bin/vite.js'), 'build'], {
    cwd: join(folder, 'vite'),
    stdio: 'pipe',
  })
  const dist = join(folder, 'vite/dist')
  const host = await listen(async (request) => {
    const { pathname } = new URL(request.url)
    const name = pathname === '/' ? 'index.html' : pathname.slice(1)
    const type = types[name.split('.').at(-1)]
    if (!type) return new Response(null, { status: 404 })
    return new Response(readFileSync(join(dist, name)), { headers: { 'content-type': type } })
  })
  t.after(() => host.close())
  const sealed = await inPage(host.url, 'textarea[name=text]', '#sealed')
  const opened = await opener.open(sealed, { context: { form: 'note' } })
  assert.deepEqual(opened.json(), { text: 'DE02 1234' })
})

test('every example has at most 40 lines, a component 30, and passes its type check', () => {
  const paths = globSync('{*.mjs,*/*.{js,jsx,html}}', { cwd: join(root, 'examples') }).filter(
    (path) => !path.startsWith('node_modules'),
  )
  assert.isAtLeast(paths.length, 15)
  for (const path of paths) {
    const lines = readFileSync(join(root, 'examples', path), 'utf8').split('\n').length - 1
    assert.isAtMost(lines, path.includes('/SealdropDrop.') ? 30 : 40, path)
  }
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', folder], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})

/** Types into a page, submits, and answers what the page then shows. */
async function inPage(url, field, output) {
  const browser = await puppeteer.launch({
    executablePath: await chromiumPath(),
    args: chromiumArgs,
  })
  try {
    const page = await browser.newPage()
    await page.goto(url)
    await page.waitForSelector('button:not([disabled])')
    await page.type(field, 'DE02 1234')
    await page.click('button')
    await page.waitForFunction((name) => document.querySelector(name)?.textContent, {}, output)
    return await page.$eval(output, (element) => element.textContent)
  } finally {
    await browser.close()
  }
}

/** A command's status and what it said, without blocking the servers of this process. */
async function execAsync(path, args) {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (chunk) => {
      said[name] += chunk
    })
  const [status] = await once(child, 'close')
  return { status, ...said }
}
