import test from 'node:test'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { assert } from 'chai'
import { brotli, budgets, bundleOf } from '../../bench/bundle.mjs'

const dist = (file) => readFile(new URL(`../../dist/${file}`, import.meta.url), 'utf8')

for (const { name, code, budget, designed, peers = [] } of budgets) {
  test(`${name} stays within ${budget} bytes of brotli and holds nothing of Node or AWS`, async () => {
    const bundle = await bundleOf(code, peers)
    assert.isAtMost(
      brotli(bundle.code),
      budget,
      'the budget stands in bench/bundle.mjs, and npm run size prints what bundles weigh',
    )
    if (designed)
      assert.isAbove(
        brotli(bundle.mute),
        0.99 * designed,
        'messages alone are what stands above the figure of design.md: shorten them instead of this budget',
      )
    assert.deepEqual(bundle.external, peers)
    for (const id of bundle.modules)
      assert.notMatch(id, /@aws-sdk|@smithy|node:|lru-cache|@noble|\/jose\/|\/(kms|local-kms)\//)
    assert.notMatch(bundle.code, /\brequire\(|node:|(?<!['"])\bBuffer\b\s*\./)
  })
}

const [{ budget: everything }] = budgets
const drop = budgets.find(({ name }) => name === 'sealdrop/drop')

/** What each script-tag file may weigh, and one of the sources that it maps to. */
const scripts = {
  'sealdrop.min.js': { budget: everything, source: 'src/seal/seal.ts' },
  'sealdrop.min.mjs': { budget: everything, source: 'src/seal/seal.ts' },
  'sealdrop-drop.min.js': { budget: drop?.budget ?? 0, source: 'src/drop/drop.ts' },
}

test('the script-tag files match dist/integrity.json, map to TypeScript, and name their licences', async () => {
  const integrity = JSON.parse(await dist('integrity.json'))
  assert.sameMembers(Object.keys(integrity), Object.keys(scripts))
  for (const [file, hash] of Object.entries(integrity)) {
    const { budget, source } = scripts[file]
    const text = await dist(file)
    assert.equal(hash, `sha384-${createHash('sha384').update(text).digest('base64')}`)
    assert.isAtMost(
      brotli(text),
      budget,
      `${file}: its budget stands in bench/bundle.mjs, and npm run size prints what bundles weigh`,
    )
    assert.match(text, /^\/\*! sealdrop [\d.]+ \| Apache-2.0/)
    const map = JSON.parse(await dist(`${file}.map`))
    assert.isTrue(map.sources.some((path) => path.endsWith(source)))
    assert.isTrue(map.sourcesContent.every((content) => typeof content === 'string'))
  }
})

test('modules that inline a library import it no more', async () => {
  for (const file of [
    'kms/open/lru.js',
    'local-kms/crypto/ecdsa.js',
    'local-kms/crypto/ed25519ph.js',
    'local-kms/crypto/post-quantum.js',
    'cli/commander.js',
  ])
    assert.notMatch(await dist(file), /from\s*['"](lru-cache|@noble|commander)/)
})
