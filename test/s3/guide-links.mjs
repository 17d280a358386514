// The page and the handler of docs/guides/drop-links.md, as they stand there, with other addresses.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { documentAt, withResolvedImports } from '../support/documents.mjs'
import { awsStores } from '../support/example-aws-stores.mjs'
import { listen } from '../support/listen.mjs'

const html = `<!doctype html><meta charset="utf-8"><title>A link</title><link rel="icon" href="data:,">
<script type="importmap">{ "imports": {
  "sealdrop": "/doors/index.js", "sealdrop/upload": "/doors/upload.js" } }</script>
<script type="module">import { send } from '/guide.js'; globalThis.send = send</script>
<input type="file" autocomplete="off">`

/** The block of the guide that names a function, at most 12 lines long, with other words in it. */
function blockWith(assert, name, words) {
  const { code } = documentAt('docs/guides/drop-links.md')
  const block = code.find((text) => text.includes(`${name}(`) && !text.includes('startLocalKms'))
  assert.isAtMost(block.trimEnd().split('\n').length, 12, name)
  return Object.entries(words).reduce((text, [from, to]) => {
    assert.include(text, from, name)
    return text.replaceAll(from, to)
  }, block)
}

/** @param {{ test: any, assert: any, world: () => any, made: () => any, tools: any }} host */
export function guideLinks({ test, assert, world, made, tools }) {
  const { inSession, stored, fileOf, fresh } = tools

  test('Chromium: the page and the handler of the guide, 12 lines each, send a file by a link', (own) =>
    inSession('Chromium', async (session, t) => {
      const { site, files, folder, bucket, store, jwks, linkJwk } = made()
      let handler
      const [server, tables] = await Promise.all([
        listen((request) => handler(request)),
        listen(awsStores()),
      ])
      t.after(() => Promise.all([server.close(), tables.close()]))
      const audience = `${server.url.replace(/\/$/, '')}/uploads`
      const { accessKeyId, secretAccessKey } = world().config.credentials
      const env = {
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_ENDPOINT_URL_S3: store.url,
        AWS_ENDPOINT_URL_DYNAMODB: tables.url,
        UPLOAD_SECRET: 'a secret of 32 bytes of this test',
      }
      const before = { ...process.env }
      Object.assign(process.env, env)
      t.after(() => {
        for (const name of Object.keys(env)) delete process.env[name]
        Object.assign(process.env, before)
      })
      files['/link-keys.json'] = JSON.stringify({ keys: [linkJwk] })
      files['/keys.json'] = jwks
      files['/guide.html'] = html
      const inHandler = blockWith(assert, 'dropLinks', {
        'https://app.example.com/uploads': audience,
        'https://app.example.com/link-keys.json': `${site}/link-keys.json`,
        'https://app.example.com': site,
        'partner-uploads': bucket,
      })
      files['/guide.js'] = blockWith(assert, 'takeDropLink', {
        'https://app.example.com/uploads': audience,
        'https://app.example.com/keys.json': `${site}/keys.json`,
      })
      const path = join(folder, 'handler.mjs')
      await writeFile(path, withResolvedImports(inHandler))
      ;({ handler } = await import(pathToFileURL(path).href))

      const link = await made().linkOf({}, { page: `${site}/guide.html?claim=7`, audience })
      const page = await session.newPage()
      await page.goto(link.url)
      await page.waitForFunction('globalThis.send', { polling: 50 })
      assert.equal(page.url(), `${site}/guide.html?claim=7`)
      // what is pasted into the tab is taken; another fragment changes nothing
      await page.evaluate("globalThis.isOpen = true; location.hash = 'top'")
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.isTrue(await page.evaluate('globalThis.isOpen'))
      await page.evaluate((url) => location.assign(url), link.url)
      await page.waitForFunction('globalThis.send && !globalThis.isOpen', { polling: 50 })
      assert.equal(page.url(), `${site}/guide.html?claim=7`)
      const file = await fileOf(9 * 2 ** 20)
      fresh()
      await (await page.$('input')).uploadFile(file.path)
      const sent = await page.evaluate("send(document.querySelector('input').files[0])")
      assert.match(sent.key, /^inbox\/[\w-]{22}$/)
      assert.equal(await made().openedHash(sent.key), file.hash)
      assert.equal(stored().length, 2)
    })(own))
}
