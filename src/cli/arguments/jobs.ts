import { UsageError } from '../exit-codes.js'

/** Reads how many inputs are worked on side by side. */
export function parseJobs(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new UsageError(`--jobs ${text}: expected 1 to 99`)
  return Number(text)
}
