// Loaded by --import into each process of a session: its clock is ahead by as many milliseconds as
// the file of CLOCK_FILE says. The local KMS keeps the machine's, by which it checks signatures and
// by which clients correct theirs.
import { readFileSync, statSync } from 'node:fs'

const file = process.env.CLOCK_FILE ?? ''
const RealDate = Date
let ahead = 0
let changed = -1

function now() {
  const { mtimeMs } = statSync(file)
  if (mtimeMs !== changed) ahead = Number(readFileSync(file, 'utf8'))
  changed = mtimeMs
  return RealDate.now() + ahead
}

const moved = /** @type {DateConstructor} */ (
  /** @type {unknown} */ (
    class extends RealDate {
      /** @param {any[]} args */
      constructor(...args) {
        super(.../** @type {[any]} */ (args.length === 0 ? [now()] : args))
      }

      static now() {
        return now()
      }
    }
  )
)
if (!process.argv.includes('local-kms')) globalThis.Date = moved
