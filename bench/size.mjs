// npm run size: each bundle with its brotli size beside its budget; exits 1 when one is above.
import { readFile } from 'node:fs/promises'
import { brotli, budgets, bundleOf } from './bundle.mjs'

const rows = []
for (const { name, code, budget } of budgets) rows.push({ name, size: brotli((await bundleOf(code)).code), budget })
for (const file of ['sealdrop.min.js', 'sealdrop.min.mjs']) rows.push({ name: `dist/${file}`, size: brotli(await readFile(new URL(`../dist/${file}`, import.meta.url), 'utf8')), budget: 16_000 })

console.log(`${'bundle'.padEnd(40)}${'brotli'.padStart(8)}${'budget'.padStart(8)}`)
for (const { name, size, budget } of rows) console.log(`${name.padEnd(40)}${String(size).padStart(8)}${String(budget).padStart(8)}  ${size <= budget ? 'ok' : 'ABOVE'}`)
process.exitCode = rows.every(({ size, budget }) => size <= budget) ? 0 : 1
