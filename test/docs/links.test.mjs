// Every link between the Markdown files leads to a file and to a heading.
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { anchorsOf, danglingLinks, targetsOf } from '../support/markdown-links.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('every link of every Markdown file leads somewhere', () => {
  const files = ['*.md', 'docs/**/*.md', 'examples/*.md']
  const paths = globSync(files, { cwd: root }).filter((path) => !path.includes('node_modules'))
  for (const path of ['README.md', 'CONTRIBUTING.md', 'docs/runbook.md', 'docs/api-report/kms.md'])
    assert.include(paths, path)
  const { seen, dangling } = danglingLinks(root, paths)
  assert.deepEqual(dangling, [])
  assert.isAtLeast(seen, 30)
})

test('a link that leads nowhere is found, and code has no links', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-links-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'there.md'), '# A heading, *twice*\n\n# A heading, twice\n')
  const good = ['there.md', 'there.md#a-heading-twice', 'there.md#a-heading-twice-1', '#here']
  const bad = ['gone.md', 'there.md#gone', '#gone', '../outside.md', 'there.md#a-heading-twice-2']
  const list = [...good, ...bad].map((target) => `- [words](${target})`).join('\n')
  const html = '<img src="gone.svg">\n\n[name]: gone-too.md\n'
  const code = '```js\nx[0](gone.js)\n```\n\n`[x](gone)`, ``[`x`](gone)``\n'
  writeFileSync(join(folder, 'page.md'), `# Here\n\n${list}\n\n${html}\n${code}`)
  assert.deepEqual(danglingLinks(folder, ['page.md']), {
    seen: 11,
    dangling: [...bad, 'gone.svg', 'gone-too.md'].map((target) => `page.md: ${target}`),
  })
})

test('links and anchors are read as GitHub reads them', () => {
  assert.deepEqual(targetsOf('[`a.md`](a.md) and ![b](b.svg "B"), [c](https://c.example)'), [
    'a.md',
    'b.svg',
    'https://c.example',
  ])
  const headings = '## `open()` — what it *throws*\n## [Link](x.md), über_all\n<a id="own"></a>'
  assert.deepEqual([...anchorsOf(headings)], ['open--what-it-throws', 'link-über_all', 'own'])
})
