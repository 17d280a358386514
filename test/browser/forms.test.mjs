// Forms in real browsers: the markup of the guide sends nothing without its script, and with it one
// submission in which everything is sealed.
import test from 'node:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { createOpener, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { builtDoors } from '../support/built-doors.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { differences, examplesOf, inPages, publicVerbs } from '../support/doc-examples.mjs'
import { documentAt, withResolvedImports } from '../support/documents.mjs'
import { fails } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { present } from '../support/types.mjs'

const canary = 'DE02-canary-5d1f'
const fileCanary = 'file-canary-77aa'
const nameCanary = 'name-canary-91c3.jpg'
const guide = documentAt('docs/guides/forms.md')
const markup = guide.text.split('```html\n')[1]?.split('\n```')[0] ?? ''
const [script = ''] = /(?<=<script type="module">\n)[^]*?(?=<\/script>)/.exec(markup) ?? []
const formOnly = markup.replace(/<script[^]*/, '')
const receiver = guide.code.find((code) => code.includes('openFields')) ?? ''

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-forms-'))
const local = await startLocalKms({
  keys: [{ alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
const doors = await builtDoors(['index', 'forms'])
const jwk = await publicJwk({ kms: local.clientConfig, key: 'alias/claims' })
const keySet = JSON.stringify({ keys: [jwk] })

const imports = JSON.stringify({
  imports: { sealdrop: '/doors/index.js', 'sealdrop/forms': '/doors/forms.js' },
})
const page = (head, body) =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${head}<body>${body}`

/** Pages by path: what is answered, and with which headers. */
const own = script.replace('https://keys.example.com/keys.json', '/keys.json')
const withMap = `<script type="importmap">${imports}</script>`
const wrongHash = `sha384-${Buffer.alloc(48).toString('base64')}`
const pages = {
  '/works': page(withMap, `${formOnly}<script type="module">${own}</script>`),
  '/blocked': page('', `${formOnly}<script type="module" src="/app.js"></script>`),
  '/changed': page(
    withMap,
    `${formOnly}<script type="module" src="/app.js" integrity="${wrongHash}"></script>`,
  ),
  '/lost': page(withMap, `${formOnly}<script type="module" src="/lost.js"></script>`),
  // the control: markup that a browser submits by itself
  '/plain': page('', formOnly.replace(' method="dialog"', '')),
  '/empty': page(withMap, ''),
}
const files = { '/keys.json': keySet, '/app.js': own, ...doors }
/** What came in beside the files of a page. @type {{ method: string, url: string, body: Buffer, type: string }[]} */
let arrived = []
const server = createServer((request, response) => void answer(request, response))

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(request, response) {
  const { method = '', url = '', headers } = request
  if (url === '/lost.js') return void request.socket.destroy()
  if (method === 'GET' && pages[url] !== undefined) {
    if (url === '/blocked') response.setHeader('content-security-policy', "script-src 'none'")
    return void response.setHeader('content-type', 'text/html').end(pages[url])
  }
  if (method === 'GET' && files[url] !== undefined)
    return void response
      .setHeader('content-type', url.endsWith('.json') ? 'application/json' : 'text/javascript')
      .end(files[url])
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const type = headers['content-type'] ?? ''
  arrived.push({ method, url, body: Buffer.concat(chunks), type })
  response.end()
}
const site = `http://localhost:${await portOf(server)}`

const browsers = {
  Chromium: async () =>
    puppeteer.launch({ executablePath: await chromiumPath(), args: chromiumArgs }),
  Firefox: async () =>
    puppeteer.launch({
      browser: 'firefox',
      executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
    }),
}
test.after(async () => {
  server.close()
  server.closeAllConnections()
  await local.close()
  await rm(folder, { recursive: true })
})

/** Types, presses Enter, and presses the button. */
async function fillAndSend(tab) {
  await tab.type('[name=iban]', canary)
  await tab.keyboard.press('Enter')
  await new Promise((resolve) => setTimeout(resolve, 300))
  const button = await tab.$('button')
  await button?.click().catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 300))
}

for (const [name, launch] of Object.entries(browsers))
  test(name, async (t) => {
    const browser = await launch()
    t.after(() => browser.close())
    const tab = await browser.newPage()
    const at = async (path) => {
      arrived = []
      await tab.goto(`${site}${path}`)
    }

    await t.test('the control: what is typed into a form of plain markup is seen', async () => {
      await at('/plain')
      await fillAndSend(tab)
      assert.isAtLeast(arrived.length, 1)
      assert.include(arrived[0]?.url, canary)
    })

    for (const [path, why] of [
      ['/blocked', 'the page allows no script'],
      ['/changed', 'the script has another hash'],
      ['/lost', 'the script did not come'],
    ])
      await t.test(`nothing leaves where ${why}`, async () => {
        await at(path)
        await fillAndSend(tab)
        assert.deepEqual(arrived, [])
        assert.equal(tab.url(), `${site}${path}`)
      })

    await t.test(
      'Enter sends text and files sealed, once, and the receiver opens them',
      async () => {
        await at('/works')
        const path = join(folder, nameCanary)
        const second = join(folder, 'second.bin')
        await writeFile(path, fileCanary)
        await writeFile(second, new Uint8Array(700_000).fill(7))
        const input =
          /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement> | null} */ (
            await tab.$('[name=photos]')
          )
        await input?.uploadFile(path, second)
        await tab.type('[name=iban]', canary)
        const answered = tab.waitForResponse(`${site}/claims`)
        await tab.keyboard.press('Enter')
        await answered
        assert.lengthOf(arrived, 1)
        const { method, url, body, type } = arrived[0]
        assert.deepEqual([method, url], ['POST', '/claims'])
        for (const plain of [canary, fileCanary, nameCanary, 'second.bin'])
          assert.isFalse(body.includes(plain), plain)
        const data = await new Response(new Uint8Array(body), {
          headers: { 'content-type': type },
        }).formData()
        assert.deepEqual([...new Set(data.keys())], ['iban', 'sealedFiles', 'photos'])
        const opened = await openByGuide(data)
        assert.equal(opened.text.iban, canary)
        assert.deepEqual(
          opened.files.map(({ field, name: of, size, bytes }) => [field, of, size, bytes.length]),
          [
            ['photos', nameCanary, fileCanary.length, fileCanary.length],
            ['photos', 'second.bin', 700_000, 700_000],
          ],
        )
        assert.equal(Buffer.from(opened.files[0].bytes).toString(), fileCanary)
      },
    )
  })

/** What a page does with a form that it builds. `made` is told as text. */
const inPage = (tab, html, o = '') =>
  tab.evaluate(`(async () => {
    const { importKeySet, inHand, seal, isSealdropError } = await import('/doors/index.js')
    const { sealForm } = await import('/doors/forms.js')
    document.body.innerHTML = ${JSON.stringify(html)}
    const keys = importKeySet(${JSON.stringify(keySet)}, { trust: inHand(), use: 'enc' })
    const form = document.querySelector('form') ?? document.body
    const made = { keys, context: { form: 'claim' } }
    try {
      const { body, files } = await (async () => {
        ${o}
        return sealForm(form, made)
      })()
      const entries = []
      for (const [name, value] of body)
        entries.push([name, typeof value === 'string' ? value : value.name])
      return { entries, files }
    } catch (error) {
      return { code: isSealdropError(error) ? error.code : error.name, message: error.message }
    }
  })()`)

test('in Chromium', async (t) => {
  const browser = await browsers.Chromium()
  t.after(() => browser.close())
  const tab = await browser.newPage()
  await tab.goto(`${site}/empty`)
  const text = '<input name="a" value="1">'
  const dialog = (inner) => `<form method="dialog">${inner}</form>`
  const opener = createOpener({ kms: local.clientConfig, keys: ['alias/claims'] })
  const openedOf = ({ entries }, fields) =>
    opener.openFields(Object.fromEntries(entries), { context: { form: 'claim' }, fields })

  const large = `const file = new File([new Blob([new Uint8Array(2 ** 27)]), new Uint8Array(2 ** 27), 'x'], 'a')
    form.addEventListener('formdata', ({ formData }) => formData.append('f', file))`
  /**
   * Forms that are refused: the page, the code, what is told, what is done before.
   *
   * @type {[html: string, code: string, words: RegExp, before?: string][]}
   */
  const refused = [
    [`<p>${text}</p>`, 'invalid_argument', /expected a <form> of the page, found HTMLBodyElement/],
    [`<form>${text}</form>`, 'invalid_argument', /expected method="dialog".*found none/],
    [`<form method="post">${text}</form>`, 'invalid_argument', /found "post"/],
    [`<form method="dialog" action="">${text}</form>`, 'invalid_argument', /form has action/],
    [dialog(`${text}<button formaction="/x">`), 'invalid_argument', /button has formaction/],
    [dialog(`${text}<input type="image" formaction="/x">`), 'invalid_argument', /formaction/],
    [dialog(`${text}<button formmethod="post">`), 'invalid_argument', /button has formmethod/],
    [
      `<form method="dialog" id="f">${text}</form><button form="f" formmethod="get">`,
      'invalid_argument',
      /button has formmethod/,
    ],
    [
      dialog('<input name="hasAttribute"><input name="getAttribute"><button formaction="/x">'),
      'invalid_argument',
      /button has formaction/,
    ],
    [dialog('<input name="sealedFiles">'), 'invalid_argument', /the one of the list of files/],
    [dialog('<input name="__proto__" value="1">'), 'invalid_argument', /./],
    [
      dialog(text),
      'invalid_argument',
      /the name of text and of a file/,
      `form.addEventListener('formdata', ({ formData }) => formData.append('a', new File(['x'], 'x')))`,
    ],
    [dialog(text), 'too_large', /268435457 bytes.*uploadSealed/, large],
    [dialog(text), 'too_large', /./, "form.elements.a.value = 'x'.repeat(2 ** 20 + 1)"],
    [dialog(text), 'invalid_argument', /context/, 'delete made.context'],
    [dialog(text), 'invalid_argument', /there is no "contexts"/, 'made.contexts = {}'],
    [
      dialog(text),
      'invalid_argument',
      /submitter: expected the button/,
      'made.submitter = document.body',
    ],
    [
      `${dialog(text)}<button id="other"></button>`,
      'invalid_argument',
      /submitter: expected the button/,
      "made.submitter = document.querySelector('#other')",
    ],
    [dialog(text), 'AbortError', /./, 'made.signal = AbortSignal.abort()'],
    [
      dialog(text),
      'invalid_argument',
      /sealed to this key set already|again/,
      "form.elements.a.value = await seal(keys, 'x', { context: {} })",
    ],
  ]
  for (const [html, code, words, before] of refused)
    await t.test(`refused: ${html.slice(0, 70)} ${before?.slice(0, 50) ?? ''}`, async () => {
      const found = await inPage(tab, html, before)
      assert.equal(found.code, code, JSON.stringify(found))
      assert.match(found.message, words)
    })

  await t.test(
    'names of controls are no traps, and several texts of one name are one',
    async () => {
      const html = `<img name="querySelectorAll"><img name="getRootNode">${dialog(`
      <input name="getRootNode" value="0"><input name="querySelectorAll" value="0">
      <input name="hasAttribute" value="1"><input name="method" value="2">
      <input name="elements" value="3"><input type="checkbox" name="c" value="x" checked>
      <input type="checkbox" name="c" value="y" checked><input name="a.b" value="4">
      <input type="file" name="none"><button name="go" value="now"></button>`)}`
      const found = await inPage(
        tab,
        html,
        "made.submitter = form.querySelector.call(form, 'button')",
      )
      const names = found.entries?.map(([name]) => name)
      const traps = ['getRootNode', 'querySelectorAll', 'hasAttribute', 'method', 'elements']
      const all = [...traps, 'c', 'a.b', 'go', 'sealedFiles']
      assert.deepEqual(names, all, JSON.stringify(found))
      const opened = await openedOf(found, ['*'])
      assert.deepEqual(opened.c, ['x', 'y'])
      assert.deepEqual([opened['a.b'], opened.go, opened.sealedFiles], ['4', 'now', []])
    },
  )

  await t.test('a value that stands under another name is refused by the opener', async () => {
    const found = await inPage(tab, dialog('<input name="a" value="1"><input name="b" value="2">'))
    const [a, b, list] = found.entries
    const swapped = { entries: [['a', b[1]], ['b', a[1]], list] }
    await fails(assert, openedOf(swapped, ['a', 'b']), 'context_mismatch', /another place/)
    await fails(assert, openedOf({ entries: [a, list] }, ['a', 'b']), 'rejected', /./)
  })

  await t.test('progress tells bytes of all files, and what comes later is not sent', async () => {
    const found = await inPage(
      tab,
      dialog(text),
      `const told = globalThis.told = []
      made.onProgress = (p) => told.push(p)
      form.addEventListener('formdata', ({ formData }) => {
        for (const n of [1, 600_000]) formData.append('f', new File([new Uint8Array(n)], 'n' + n))
      })
      setTimeout(() => (form.elements.a.value = 'later'), 0)`,
    )
    const told = /** @type {object[]} */ (await tab.evaluate('told'))
    assert.deepEqual(told.at(-1), { done: 600_001, total: 600_001 })
    assert.deepEqual(
      found.files.map(({ field, name, size }) => [field, name, size]),
      [
        ['f', 'n1', 1],
        ['f', 'n600000', 600_000],
      ],
    )
    assert.equal((await openedOf(found, ['a'])).a, '1')
  })

  await t.test('the example of the docstring', async () => {
    const [example] = publicVerbs()
      .filter(({ name }) => name === 'sealForm' && Object.hasOwn(inPages, name))
      .flatMap(examplesOf)
    const code = present(example).code.replace(
      /'sealdrop(?:\/(\w+))?'/g,
      (_, door = 'index') => `'/doors/${door}.js'`,
    )
    await tab.evaluate(`(() => {
      globalThis.lines = []
      console.log = (line) => lines.push(String(line))
      const real = fetch
      globalThis.fetch = (url, o) => real(String(url).startsWith('https://keys.') ? '/keys.json' : url, o)
    })()`)
    const failed = await tab.evaluate(
      async (source) => {
        const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
        return import(url).then(
          () => undefined,
          (error) => String(error),
        )
      },
      code.replaceAll("'/doors", `'${site}/doors`),
    )
    const lines = /** @type {string[]} */ (await tab.evaluate('lines'))
    assert.deepEqual(differences(example, { lines, failed }), [])
  })
})

/** The receiver of the guide, at the local KMS. */
async function openByGuide(data) {
  const path = join(folder, 'receiver.mjs')
  await writeFile(path, withResolvedImports(receiver))
  Object.assign(process.env, local.env)
  const { open } = await import(pathToFileURL(path).href)
  return open(data)
}

test('lines of the guide: the page and the receiver', () => {
  assert.isAtMost(script.trimEnd().split('\n').length, 12)
  assert.notEqual(receiver, '')
})
