// examples/react and examples/vue, built by vite and used in Chromium: what is dropped into their
// component arrives sealed, and the component lives as others of its framework do.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { build } from 'esbuild'
import puppeteer from 'puppeteer-core'
import { importKeySet, inHand } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { bucketCors, uploadHandler } from 'sealdrop/s3'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { startDemoS3 } from '../support/demo-s3.mjs'
import { listen } from '../support/listen.mjs'
import { present } from '../support/types.mjs'
import { lives } from './component-lives.mjs'
import { workplace } from './workplace.mjs'

const { folder, local, close } = await workplace()
const kms = local.clientConfig
const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/claims' }] }).documents()
const [jwk] = JSON.parse(jwks).keys
const inHandKeys = await importKeySet(jwks, { trust: inHand() }).list()
const pins = inHandKeys.map(({ thumbprint }) => thumbprint).join(' ')
const context = { claim: '7' }
const opener = createOpener({ kms, keys: ['alias/claims'] })
const server = await startDemoS3()
const s3 = new S3Client(server.config)
const bucket = 'uploads'
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: chromiumArgs,
})
after(async () => {
  await browser.close()
  s3.destroy()
  server.close()
  await close()
})
before(() => s3.send(new CreateBucketCommand({ Bucket: bucket })))

const types = { html: 'text/html', js: 'text/javascript', json: 'application/json' }

/** Builds a folder of the examples, and serves it beside an upload handler. */
async function served(name) {
  const cwd = join(folder, name)
  writeFileSync(join(cwd, 'key.json'), JSON.stringify(jwk))
  const vite = join(folder, 'node_modules/vite/bin/vite.js')
  await promisify(execFile)(process.execPath, [vite, 'build'], { cwd })
  /** @type {{ handler?: (request: Request) => Promise<Response> }} */
  const o = {}
  const host = await listen(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/uploads')) return o.handler?.(request) ?? new Response()
    const path = join(cwd, 'dist', pathname === '/' ? 'index.html' : pathname)
    const type = types[path.split('.').at(-1) ?? '']
    if (!type || !existsSync(path)) return new Response(null, { status: 404 })
    return new Response(readFileSync(path), { headers: { 'content-type': type } })
  })
  const { origin } = new URL(host.url)
  const CORSConfiguration = bucketCors({ origins: [origin] })
  await s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration }))
  o.handler = uploadHandler({
    s3,
    bucket,
    prefix: `${name}/`,
    authorize: () => ({ subject: 'visitor' }),
    secrets: ['a secret of 32 bytes for this test'],
    origins: [origin],
  })
  return { origin, close: () => host.close() }
}

for (const name of ['react', 'vue']) {
  test(`${name}: what is dropped into the component arrives sealed, and is told once`, async (t) => {
    const host = await served(name)
    t.after(() => host.close())
    const bytes = randomBytes(300_000)
    const path = join(folder, `${name}.bin`)
    writeFileSync(path, bytes)
    const page = await browser.newPage()
    const errors = /** @type {unknown[]} */ ([])
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(host.origin)
    const input = await page.waitForSelector('sealdrop-drop >>> input[multiple]')
    await /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
      input
    )?.uploadFile(path)
    await page.locator('sealdrop-drop >>> ::-p-text(Seal and send)').click()
    await page.waitForFunction(() => document.querySelector('output')?.textContent)
    const { receipts, told } = await page.evaluate(() => ({
      receipts: /** @type {any} */ (document.querySelector('sealdrop-drop')).receipts,
      told: document.querySelector('output')?.textContent,
    }))
    assert.deepEqual(errors, [])
    assert.lengthOf(receipts, 1)
    assert.equal(told, receipts[0].messageId, 'once, also in the strict mode of React')
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: receipts[0].key }))
    const opened = await opener.openStream(present(Body).transformToWebStream(), { context })
    assert.isTrue(bytes.equals(await buffer(opened.readable)))
    await page.close()
  })

  test(`${name}: the component is rendered on a server, changed, and taken away`, async (t) => {
    const cwd = join(folder, name)
    const { server: code, page: script } = present(lives[name])
    writeFileSync(join(cwd, 'server.mjs'), code)
    const { html } = await import(pathToFileURL(join(cwd, 'server.mjs')).href)
    const made = await html({ endpoint: '/uploads', context, onChange: () => {} })
    assert.equal(made, '<sealdrop-drop></sealdrop-drop>')
    const files = { '/jwks.json': jwks, '/lives.js': await bundled(script, cwd) }
    const place = `<!doctype html><div id="app">${made}</div><script src="/lives.js"></script>`
    const host = await listen(async (request) => {
      const { pathname } = new URL(request.url)
      const type = types[pathname.split('.').at(-1) ?? ''] ?? 'text/html'
      return new Response(files[pathname] ?? place, { headers: { 'content-type': type } })
    })
    t.after(() => host.close())
    const page = await browser.newPage()
    await page.goto(host.url)
    const told = await page.evaluate(live, { keys: '/jwks.json', pins, context })
    const example = readFileSync(join(cwd, 'SealdropDrop.js'), 'utf8')
    const [, settings = ''] = /'(endpoint [\w ]+)'/.exec(example) ?? []
    assert.deepEqual(told, {
      settings: settings.split(' '),
      problems: [],
      endpoints: ['/uploads', '/uploads', '/elsewhere'],
      companies: ['Example', 'Example', null],
      keysRead: [1, 1, 2],
      // whoever listens at that time hears it once, and behind the end nobody does
      changes: ['first: ready', 'second: empty'],
      isThere: false,
    })
    await page.close()
  })
}

/** A script for a page, with the packages of the examples, as a development server makes it. */
async function bundled(contents, resolveDir) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    format: 'iife',
    write: false,
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true',
    },
  })
  return outputFiles[0]?.text
}

/**
 * Runs in the page: the component takes over what the server made, and then gets other props.
 *
 * @param {object} settings
 */
async function live(settings) {
  const { life } = /** @type {any} */ (globalThis)
  const problems = /** @type {string[]} */ ([])
  const changes = /** @type {string[]} */ ([])
  const seen = /** @type {any} */ ({ endpoints: [], companies: [], keysRead: [] })
  const place = /** @type {HTMLElement} */ (document.querySelector('#app'))
  const box = /** @type {any} */ (place.querySelector('sealdrop-drop'))
  const rest = () => new Promise((resolve) => setTimeout(resolve, 300))
  const by = (who, endpoint, more = {}) => ({
    ...settings,
    endpoint,
    onChange: ({ state }) => changes.push(`${who}: ${state}`),
    ...more,
  })
  const look = async () => {
    await rest()
    const { href } = new URL('/jwks.json', location.href)
    seen.endpoints.push(box.endpoint)
    seen.companies.push(box.company || null) // Vue takes a text back by an empty one
    seen.keysRead.push(performance.getEntriesByName(href).length)
  }
  const company = 'Example'
  life.hydrate(place, by('first', '/uploads', { company }), (problem) =>
    problems.push(String(problem)),
  )
  await look()
  box.addFiles([new File(['a'], 'a.txt')])
  await rest()
  life.render(by('second', '/uploads', { company }))
  await look()
  box.shadowRoot.querySelector('[part~=remove]').click()
  await rest()
  life.render(by('third', '/elsewhere'))
  await look()
  life.end()
  const names = Object.keys(Object.getPrototypeOf(box))
  box.dispatchEvent(new CustomEvent('sealdrop-change', { detail: { state: 'ready' } }))
  return { settings: names, problems, ...seen, changes, isThere: place.contains(box) }
}
