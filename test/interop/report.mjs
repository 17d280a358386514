const total = { passed: 0, failed: 0 }

/**
 * One line for a list of checks, each with a `name` and, if it failed, a `failure`; an empty list
 * has failed.
 */
export function report(title, checks) {
  const failures = checks.filter(({ failure }) => failure !== undefined)
  for (const { name, failure } of failures) console.error(`not ok ${title}: ${name}: ${failure}`)
  if (checks.length === 0) console.error(`not ok ${title}: there was nothing to check`)
  total.passed += checks.length - failures.length
  total.failed += checks.length === 0 ? 1 : failures.length
  console.log(`${title}: ${checks.length - failures.length} of ${checks.length}`)
}

/** Prints the sum and ends the process with it. */
export function conclude() {
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exit(total.failed > 0 ? 1 : 0)
}
