// A clock that can be moved, because a rotation waits for days and a key lives for months. Only the
// demo has one. A local server plays its KMS, and goes by this clock too.
import { readFileSync } from 'node:fs'
import { refusal } from './refusal.mjs'
import { writeJson } from './write-json.mjs'

const day = 86_400_000
/** How far one move goes: 92 days are three months wherever in the year they begin. */
const moves = { day: day, 'three-months': 92 * day }
/** The furthest that the clock goes. Later dates would only become strange. */
const furthest = 50 * 366 * day

/**
 * @param path - file that keeps the shift: it only grows, since what happened at a time has
 *   happened
 * @returns `now()`, `shift()` in milliseconds, `move(by)`
 */
export function createClock(path) {
  let shift = read(path)
  return {
    now: () => Date.now() + shift,
    shift: () => shift,
    async move(by) {
      if (!Object.hasOwn(moves, by))
        throw refusal('invalid_argument', `by: expected ${Object.keys(moves).join(' or ')}`)
      if (shift + moves[by] > furthest)
        throw refusal(
          'invalid_argument',
          'The clock is 50 years ahead, which is as far as it goes. Without the folder .demo everything begins anew',
        )
      await writeJson(path, { shift: shift + moves[by] })
      shift += moves[by]
    },
  }
}

function read(path) {
  const text = textOf(path)
  if (text === undefined) return 0
  const { shift } = JSON.parse(text)
  if (!Number.isSafeInteger(shift) || shift < 0 || shift > furthest)
    throw refusal('malformed', `${path}: expected { "shift": milliseconds }`)
  return shift
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (Object(error).code !== 'ENOENT') throw error
  }
}
