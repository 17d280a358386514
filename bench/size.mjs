// npm run size: each bundle with its brotli size beside its budget; exits 1 when one is above its budget and its ceiling.
import { readFile } from 'node:fs/promises'
import { brotli, budgets, bundleOf } from './bundle.mjs'

const [everything] = budgets
const rows = []
for (const row of budgets) rows.push({ ...row, size: brotli((await bundleOf(row.code)).code) })
for (const file of ['sealdrop.min.js', 'sealdrop.min.mjs']) rows.push({ ...everything, name: `dist/${file}`, size: brotli(await readFile(new URL(`../dist/${file}`, import.meta.url), 'utf8')) })

const verdict = ({ size, budget, ceiling = budget }) => (size <= budget ? 'ok' : size <= ceiling ? `MISSED by ${size - budget}, below its ceiling of ${ceiling}` : 'ABOVE')
console.log(`${'bundle'.padEnd(40)}${'brotli'.padStart(8)}${'budget'.padStart(8)}`)
for (const row of rows) console.log(`${row.name.padEnd(40)}${String(row.size).padStart(8)}${String(row.budget).padStart(8)}  ${verdict(row)}`)
process.exitCode = rows.every((row) => verdict(row) !== 'ABOVE') ? 0 : 1
