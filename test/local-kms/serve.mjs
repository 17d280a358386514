// A server in a process of its own, for tests that kill it: node serve.mjs <dir>
import { startLocalKms } from 'sealdrop/local-kms'

try {
  const local = await startLocalKms({ dir: process.argv[2] })
  process.stdout.write(`${JSON.stringify(local)}\n`)
} catch (e) {
  const { code, message } = /** @type {import('./types.d.ts').Failure} */ (e)
  process.stdout.write(`${JSON.stringify({ code, message })}\n`)
}
