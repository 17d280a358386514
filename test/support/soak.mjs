// How much a long test does: `npm test` does a part of it, `npm run test:soak` the whole.
import { randomInt } from 'node:crypto'

/** Whether `npm run test:soak` runs. */
export const soaks = process.env.SEALDROP_SOAK === '1'

/** @returns the whole in `npm run test:soak`, the part elsewhere */
export const amount = ({ part, whole }) => (soaks ? whole : part)

/**
 * The seed that SEALDROP_SEED gives, otherwise a new one. Whoever uses it prints it with
 * `t.diagnostic(seedLine(seed))`, which the runner repeats.
 *
 * @param usual - instead of a new one in `npm test`, where its outcome is known
 */
export function givenSeed(usual) {
  const given = process.env.SEALDROP_SEED
  if (given === undefined) return soaks ? randomInt(2 ** 31) : (usual ?? randomInt(2 ** 31))
  const seed = Number(given)
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`SEALDROP_SEED: expected a whole number, found ${given}`)
  return seed
}

export const seedLine = (seed) => `seed ${seed}; to repeat it: SEALDROP_SEED=${seed}`
