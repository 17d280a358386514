// npm run size: prints each bundle with its brotli size beside its budget, and how many are within.
// It exits 1 when one is above. The first lines say what the packed package weighs.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { brotli, budgets, bundleOf } from './bundle.mjs'

const [everything] = budgets
const rows = []
for (const row of budgets) {
  const { code, mute } = await bundleOf(row.code, row.peers)
  rows.push({ ...row, size: brotli(code), mute: brotli(mute) })
}
const drop = budgets.find(({ name }) => name === 'sealdrop/drop')
const scripts = {
  'sealdrop.min.js': everything.budget,
  'sealdrop.min.mjs': everything.budget,
  'sealdrop-drop.min.js': drop?.budget ?? 0,
}
for (const [file, budget] of Object.entries(scripts))
  rows.push({
    budget,
    name: `dist/${file}`,
    size: brotli(await readFile(new URL(`../dist/${file}`, import.meta.url), 'utf8')),
  })

/** What a row adds to the one that it stands on, as a row of its own. */
const added = rows
  .filter((row) => row.over)
  .map(({ name, size, mute, over, budgetOver }) => {
    const below = rows.find((row) => row.name === over)
    return {
      name: `+ ${name.replace(/^.* /, '')} over ${over.replace(/^.* /, '')}`,
      size: size - below.size,
      mute: mute - below.mute,
      budget: budgetOver,
    }
  })
rows.push(...added)

const line = (name, ...cells) =>
  console.log(name.padEnd(40) + cells.map((cell) => String(cell ?? '').padStart(18)).join(''))
line('bundle', 'brotli', 'budget', '', 'without messages', 'design.md said')
for (const { name, size, budget, mute, designed } of rows)
  line(name, size, budget, size <= budget ? 'ok' : 'ABOVE', mute, designed)

const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
const [packed] = JSON.parse(
  execFileSync('npm', pack, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
)
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`
console.log(
  `the package: ${kib(packed.size)} packed, ${kib(packed.unpackedSize)} in ${packed.entryCount} files`,
)
const above = rows.filter(({ size, budget }) => size > budget).length
console.log(`${rows.length - above} passed, ${above} failed`)
process.exitCode = above > 0 ? 1 : 0
