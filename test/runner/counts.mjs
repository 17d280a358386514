// Counts of tests: how they are read from what a command printed, added and printed.

export const none = () => ({ passed: 0, failed: 0, skipped: 0 })

/** A line that says nothing but counts, as our own programs end with. */
const ours = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm
/** The summary of node:test, in TAP and in what it prints for people. */
const nodes = /^[#ℹ] pass (\d+)\n[#ℹ] fail (\d+)\n[#ℹ] cancelled (\d+)\n[#ℹ] skipped (\d+)$/gm

/** @returns each sum that was printed, in no order; empty where a command printed none */
export function sumsIn(output) {
  const [own, foreign] = [ours, nodes].map((pattern) =>
    [...output.matchAll(pattern)].map((match) => match.slice(1).map((text) => Number(text ?? 0))),
  )
  return [
    ...own.map(([passed, failed, skipped]) => ({ passed, failed, skipped })),
    ...foreign.map(([passed, failed, cancelled, skipped]) => ({
      passed,
      failed: failed + cancelled,
      skipped,
    })),
  ]
}

/** Adds the second counts to the first. @returns the first */
export function add(total, more) {
  for (const key of Object.keys(total)) total[key] += more[key]
  return total
}

export const shown = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/**
 * What a command counted. It has failed when it says nothing, says too little, counted nothing, or
 * ended badly without a failed test.
 *
 * @param o.sums - how many sums it has to print
 * @returns its counts, and why it failed beside its tests, where it did
 */
export function judged({ output, status, late, seconds }, { sums = 1 } = {}) {
  const found = sumsIn(output)
  const counts = found.reduce(add, none())
  const why = whyBroken({ found, counts, status, late, seconds, sums })
  if (why) counts.failed++
  return { counts, why }
}

function whyBroken({ found, counts, status, late, seconds, sums }) {
  if (late) return `it was stopped after ${Math.round(seconds / 60)} minutes`
  if (found.length !== sums) return `it printed ${found.length} sums of counts, expected ${sums}`
  if (counts.passed + counts.failed + counts.skipped === 0) return 'it ran no test'
  return status !== 0 && counts.failed === 0 ? `it ended with ${status}` : undefined
}

/** The lines of TAP that tell of failures. Output in any other form is kept whole. */
export function failuresIn(output) {
  if (!output.startsWith('TAP version')) return output
  let telling = false
  const lines = output.split('\n').filter((line) => {
    if (/^ *(not )?ok /.test(line)) telling = line.trimStart().startsWith('not ok')
    else if (/^ *# /.test(line)) telling = false
    return telling
  })
  return lines.join('\n') || output.slice(-4_000)
}

/** Titles and reasons of what TAP says was skipped. */
export const skipsIn = (output) =>
  [...output.matchAll(/^ *ok \d+ - (.*) # (?:SKIP|TODO)(.*)$/gm)].map(
    ([, title, reason]) => `${title}:${reason || ' no reason given'}`,
  )
