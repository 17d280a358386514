// npm run test:docs: the API report is what the doors export, and the site is whole.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { assert } from 'chai'
import { buildSite, site } from '../../tools/docs/build.mjs'
import { doors } from '../../tools/docs/doors.mjs'
import { sitePages } from '../../tools/docs/pages.mjs'
import { makeReports, reports } from '../../tools/docs/report.mjs'
import { siteProblems } from '../support/site-links.mjs'

test('docs/api-report/ is what the doors export', async () => {
  const made = await makeReports()
  assert.deepEqual(readdirSync(reports).toSorted(), [...made.keys()].toSorted())
  for (const [file, text] of made) {
    const kept = readFileSync(join(reports, file), 'utf8')
    assert.equal(kept, text, `${file} is old: npm run docs:report renews it`)
  }
})

test('the report names every value that a door exports', async () => {
  for (const { name, short } of doors()) {
    const report = readFileSync(join(reports, `${short}.md`), 'utf8')
    const names = Object.keys(await import(name))
    assert.isNotEmpty(names, name)
    for (const each of names)
      assert.match(report, new RegExp(`^export (function|class|const) ${each}\\b`, 'm'), name)
  }
})

/** The folder of the reference that has a value's page. */
function kindOf(name, value) {
  if (typeof value !== 'function') return 'variables'
  return /^[A-Z]/.test(name) ? 'classes' : 'functions'
}

test('the site', async (t) => {
  await buildSite()

  await t.test('every link leads somewhere, and nothing comes from another host', () => {
    const { seen, dangling, foreign } = siteProblems(site)
    assert.deepEqual(dangling, [])
    assert.deepEqual(foreign, [])
    assert.isAtLeast(seen, 2_000)
  })

  await t.test('every value that a door exports has a page', async () => {
    for (const { name } of doors()) {
      for (const [each, value] of Object.entries(await import(name))) {
        const kind = kindOf(each, value)
        const page = readFileSync(join(site, 'reference', name, kind, `${each}.html`), 'utf8')
        // the heading of a class has its type parameters too
        assert.match(page, new RegExp(`<h1 id="[^"]*"[^>]*>${each}(\\(\\))?(&lt;| |<)`), name)
      }
    }
  })
})

test('a link that leads nowhere is found, and what comes from another host', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-site-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'index.html'),
    `<link rel="stylesheet" href="/style.css"><script src="https://cdn.example/x.js"></script>
    <a class="x" href="/gone.html">1</a><a href="page/#there">2</a><a href="page/#gone">3</a>
    <a href="https://elsewhere.example/">4</a><img alt="" src="gone.png">`,
  )
  writeFileSync(join(folder, 'style.css'), '@font-face{src:url(https://cdn.example/font.woff2)}')
  mkdirSync(join(folder, 'page'))
  writeFileSync(join(folder, 'page/index.html'), '<h1 id="there">There</h1><a href="../">up</a>')
  assert.deepEqual(siteProblems(folder), {
    seen: 8,
    dangling: ['/gone.html', 'page/#gone', 'gone.png'].map((target) => `index.html: ${target}`),
    foreign: ['index.html: https://cdn.example/x.js', 'style.css: https://cdn.example/font.woff2'],
  })
})

test('a folder without a page that the order names is an error', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-pages-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const path of ['docs/guides', 'docs/design'])
    mkdirSync(join(folder, path), { recursive: true })
  writeFileSync(join(folder, 'docs/guides/first-value.md'), '# The first value\n')
  assert.throws(() => sitePages(folder), /docs\/guides\/ has no files\.md, no uploads\.md/)
})
