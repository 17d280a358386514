/**
 * A test that this host cannot run throws this. Each host counts it as skipped, with its reason.
 */
export class Skip extends Error {
  name = 'Skip'
}

/**
 * Runs a test in a host that can skip one in its own way.
 *
 * @param {() => unknown} work
 * @param {(reason: string) => void} skip
 */
export async function orSkip(work, skip) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    skip(error.message)
  }
}

/**
 * What became of a test, in JSON. It has `error` or `skipped` where it did not pass.
 *
 * @typedef {{ name: string, error?: string, skipped?: string }} Result
 */

/**
 * Runs a test in a host without a runner.
 *
 * @param {{ name: string, work: () => unknown }} test
 * @returns {Promise<Result>}
 */
export async function resultOf({ name, work }) {
  try {
    await work()
    return { name }
  } catch (error) {
    if (error instanceof Skip) return { name, skipped: error.message }
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    return { name, error: `${message}\n${stack ?? ''}` }
  }
}
