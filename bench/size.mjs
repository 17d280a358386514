// npm run size: each bundle with its brotli size beside its budget, and how many are within; exits 1
// when one is above.
import { readFile } from 'node:fs/promises'
import { brotli, budgets, bundleOf } from './bundle.mjs'

const [everything] = budgets
const rows = []
for (const row of budgets) {
  const { code, mute } = await bundleOf(row.code)
  rows.push({ ...row, size: brotli(code), mute: brotli(mute) })
}
for (const file of ['sealdrop.min.js', 'sealdrop.min.mjs'])
  rows.push({
    ...everything,
    designed: undefined,
    name: `dist/${file}`,
    size: brotli(await readFile(new URL(`../dist/${file}`, import.meta.url), 'utf8')),
  })

const line = (name, ...cells) =>
  console.log(name.padEnd(40) + cells.map((cell) => String(cell ?? '').padStart(18)).join(''))
line('bundle', 'brotli', 'budget', '', 'without messages', 'design.md said')
for (const { name, size, budget, mute, designed } of rows)
  line(name, size, budget, size <= budget ? 'ok' : 'ABOVE', mute, designed)
const above = rows.filter(({ size, budget }) => size > budget).length
console.log(`${rows.length - above} passed, ${above} failed`)
process.exitCode = above > 0 ? 1 : 0
