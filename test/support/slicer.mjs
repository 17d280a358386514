// Seals pieces of a file with fileRecords, in a process of its own that is killed. It says on
// stdout what it released.
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createFileSealer, importKeySet, inHand, restoreFileSealer, SealdropError } from 'sealdrop'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { keySetOf, publicJwk } from './host.js'

const { folder, file, id, hold } = JSON.parse(process.argv[2])
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`)
const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
const records = fileRecords(folder)
const source = await fileSource(file)
try {
  const sealer = id
    ? await restoreFileSealer(keys, records, id, source)
    : await createFileSealer(keys, source, { context: {}, frameLength: 16_384, records })
  say({ id: sealer.messageId, length: sealer.length })
  if (hold) await new Promise((resolve) => process.stdin.on('end', resolve).resume())
  for (;;) {
    const start = Math.floor(Math.random() * sealer.length)
    const end = Math.min(sealer.length, start + 1 + Math.floor(Math.random() * 300_000))
    const bytes = await sealer.slice(start, end)
    say({ start, end, sha: createHash('sha256').update(bytes).digest('hex') })
  }
} catch (error) {
  if (!(error instanceof SealdropError)) throw error
  const { code, message } = error
  say({ code, message })
}
