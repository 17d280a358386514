const told = (error) => `  ${error?.message ?? ''}\n${error?.stack ?? ''}`

/**
 * Prints what failed and one line of counts. A run without a test fails, and so does one with an
 * error outside of tests.
 */
export function countReporter() {
  return {
    onTestRunFinished({ sessions }) {
      const found = { passed: 0, failed: 0, skipped: 0 }
      const walk = (suite, session) => {
        for (const result of suite?.tests ?? []) {
          const outcome = result.passed ? 'passed' : 'failed'
          found[result.skipped ? 'skipped' : outcome]++
          if (!result.passed && !result.skipped)
            console.error(`not ok ${session.testFile}: ${result.name}\n${told(result.error)}`)
        }
        for (const inner of suite?.suites ?? []) walk(inner, session)
      }
      for (const session of sessions) {
        walk(session.testResults, session)
        for (const error of session.errors)
          console.error(`error in ${session.testFile}: ${error.message}\n${error.stack ?? ''}`)
        const nothing = !session.testResults?.tests.length
        if (nothing) console.error(`not ok ${session.testFile}: it ran no test at its top`)
        if (session.errors.length > 0 || nothing) found.failed++
      }
      // the runner clears its line before this, so the counts need a line of their own
      console.log(`\n${found.passed} passed, ${found.failed} failed, ${found.skipped} skipped`)
    },
  }
}
