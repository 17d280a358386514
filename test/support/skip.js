/** Thrown by a test that this host cannot run; each host counts it as skipped, with its reason. */
export class Skip extends Error {
  name = 'Skip'
}

/** Runs a test where a host has a way of its own to skip one. @param skip gets the reason */
export async function orSkip(work, skip) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    skip(error.message)
  }
}

/**
 * Runs a test where there is no runner. @returns its name, with `error` or `skipped` where it did
 * not pass: JSON carries it
 */
export async function resultOf({ name, work }) {
  try {
    await work()
    return { name }
  } catch (error) {
    return error instanceof Skip
      ? { name, skipped: error.message }
      : { name, error: `${error?.message ?? error}\n${error?.stack ?? ''}` }
  }
}
