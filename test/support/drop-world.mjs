// Pages with the element `<sealdrop-drop>` from its script, with a handler and the demo's S3 behind
// them. All that reaches a server is looked at for what tests put into names and files.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { calculateJwkThumbprint } from 'jose'
import { contentSecurityPolicy } from '../../demo/security-headers.mjs'
import { startS3 } from '../../demo/s3/server.mjs'
import { makePageWorld } from '../s3/page-world.mjs'

/** What is in names and in files of the tests, and must leave nowhere. */
export const markers = { name: 'name-canary-91c3', content: 'content-canary-77aa' }

const dist = (file) => readFile(new URL(`../../dist/${file}`, import.meta.url), 'utf8')

/** Attributes as they stand in a page. */
const written = (attributes) =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${value.replaceAll('"', '&quot;')}"`)
    .join('')

/** Reports of the policy are errors of the console, which a test looks at. */
const watch = `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
  console.error('policy violated: ' + effectiveDirective + ' ' + blockedURI))`

/**
 * Starts it.
 *
 * @returns the world of pages with `page`, which makes one, and `fileOf`, which makes a file
 */
export async function startDropWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-drop-'))
  const s3 = await startS3({ dir: join(folder, 's3') })
  const allow = ({ request }) =>
    request.headers.get('authorization') === 'Bearer nobody' ? null : { subject: 'acme' }
  const world = await makePageWorld(s3.config, markers, undefined, allow)
  const code = await dist('sealdrop-drop.min.js')
  const { 'sealdrop-drop.min.js': integrity } = JSON.parse(await dist('integrity.json'))
  const [jwk] = JSON.parse(world.jwks).keys
  const pin = await calculateJwkThumbprint(jwk)
  Object.assign(world.files, {
    '/sealdrop-drop.min.js': code,
    '/keys.json': world.jwks,
    '/watch-policy.js': watch,
  })
  const policy = contentSecurityPolicy({
    connects: [world.handler, world.bucketUrl].map((url) => new URL(url).origin),
  })
  const settings = {
    endpoint: world.handler,
    keys: `${world.site}/keys.json`,
    pins: pin,
    context: '{"claim":"7"}',
    company: 'Example Insurance',
  }

  /**
   * Makes a page at a path: the element with its settings, under the policy of the demo.
   *
   * @param {string} path
   * @param {{ attributes?: object, lang?: string, head?: string, body?: string, script?: string,
   *   csp?: string }} o
   */
  function page(path, o = {}) {
    const { attributes = {}, lang = 'en', head = '', csp = policy } = o
    const script =
      o.script ??
      `<script src="/sealdrop-drop.min.js" integrity="${integrity}" crossorigin="anonymous" defer></script>`
    const element = `<sealdrop-drop${written({ ...settings, ...attributes })}></sealdrop-drop>`
    const body = o.body ?? `<main><h1>Claims</h1>${element}</main>`
    world.files[path] = {
      text: `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>Drop</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<script src="/watch-policy.js"></script>${script}${head}</head><body>${body}</body></html>`,
      headers: { 'content-type': 'text/html', ...(csp && { 'content-security-policy': csp }) },
    }
    return `${world.site}${path}`
  }

  /** A file whose every piece has the marker, or other bytes. */
  async function fileOf(name, size, bytes = Buffer.alloc(size, `${markers.content} `)) {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return { path, name, size, hash: createHash('sha256').update(bytes).digest('hex') }
  }
  return {
    ...world,
    folder,
    policy,
    pin,
    settings,
    integrity,
    page,
    fileOf,
    async close() {
      await world.close()
      await s3.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
