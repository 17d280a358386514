// The files that the page needs, by a fixed list. So no path from outside ever reaches the disk.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pageLibrary } from './page-library.mjs'
import { contentSecurityPolicy } from './security-headers.mjs'

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  map: 'application/json',
  svg: 'image/svg+xml',
}
const pages = {
  '/': 'index.html',
  '/drop.html': 'drop.html',
  '/esm.html': 'esm.html',
  '/publisher.html': 'publisher.html',
  '/receipt.html': 'receipt.html',
  '/download.html': 'download.html',
}
/** Pages that send to the bucket. */
const sending = ['/', '/drop.html']
const pageFiles = [
  'style.css',
  'publisher.css',
  'clock.js',
  'view.js',
  'sealed-text.js',
  'cards.js',
  'file-cards.js',
  'screen.js',
  'company.js',
  'receipt.js',
  'form.js',
  'page.js',
  'meter.js',
  'file-page.js',
  'esm.js',
  'key-words.js',
  'key-cards.js',
  'publisher.js',
  'save-receipt.js',
  'receipt-words.js',
  'receipt-cards.js',
  'receipt-page.js',
  'download.js',
  'drop.js',
  'icon.svg',
]
const library = [
  'sealdrop.min.js',
  'sealdrop.min.js.map',
  'sealdrop.min.mjs',
  'sealdrop.min.mjs.map',
  'sealdrop-drop.min.js',
  'sealdrop-drop.min.js.map',
]
const files = new Map(
  [
    ...pageFiles.map((name) => ({ name, url: new URL(`page/${name}`, import.meta.url) })),
    ...library.map((name) => ({ name, url: new URL(`../dist/${name}`, import.meta.url) })),
  ].map(({ name, url }) => [`/${name}`, url]),
)

/**
 * Looks up what a path names: `{ body, headers }`, or undefined. Files are read again on each
 * request, so that an edit shows.
 *
 * @param {object} o
 * @param {() => Promise<readonly object[]>} o.pins - the thumbprints that pages pin. For
 *   convenience this server writes them into the page. In production they are part of the page or
 *   its script when it is built, and the page comes from another host than the key set: pins that
 *   come from where the keys come from say nothing about that place
 * @param {() => Promise<object>} o.root - the public JWK of the root that signs the key set and the
 *   history; what is said of pins goes for it too
 * @param {() => number} o.shift - by how many milliseconds the demo's clock is ahead
 * @param {string} o.bucketOrigin - where the main page sends files to
 */
export function createAssets({ pins, root, shift, bucketOrigin }) {
  return async (path) => {
    if (Object.hasOwn(pages, path)) {
      const settings = {
        pins: JSON.stringify(await pins()),
        root: JSON.stringify(await root()),
        shift: String(shift()),
      }
      return page(pages[path], settings, sending.includes(path) ? [bucketOrigin] : [])
    }
    if (path === '/sealdrop-uploads.js')
      return { body: (await pageLibrary()).code, headers: { 'content-type': types.js } }
    const file = files.get(path)
    return (
      file && {
        body: await readFile(file),
        headers: { 'content-type': types[path.split('.').at(-1)] },
      }
    )
  }
}

async function page(name, settings, connects) {
  const [html, integrity, uploads] = await Promise.all([
    readFile(new URL(`page/${name}`, import.meta.url), 'utf8'),
    readFile(new URL('../dist/integrity.json', import.meta.url), 'utf8').then(JSON.parse),
    pageLibrary(),
  ])
  const values = {
    ...settings,
    'integrity.js': integrity['sealdrop.min.js'],
    'integrity.mjs': integrity['sealdrop.min.mjs'],
    'integrity.uploads': uploads.integrity,
    'integrity.drop': integrity['sealdrop-drop.min.js'],
  }
  const body = html.replace(/\{\{([\w.]+)\}\}/g, (_, key) => escaped(values[key]))
  const scriptHashes = [...body.matchAll(/<script type="importmap">([^]*?)<\/script>/g)].map(
    ([, text]) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  )
  return {
    body,
    headers: {
      'content-type': types.html,
      'content-security-policy': contentSecurityPolicy({ scriptHashes, connects }),
    },
  }
}

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
