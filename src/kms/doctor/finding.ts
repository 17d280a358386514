import { isSealdropError } from '../../errors/sealdrop-error.js'

/** What one check found. */
export interface Finding {
  /** What was looked at, always in the same words: `key set: fresh`, `alias/claims: names the current key`. */
  readonly check: string
  readonly ok: boolean
  /** What to do; beside `ok: true` a warning, of what will be wrong later or cannot be told from here. */
  readonly advice?: string
}

/** A check is good unless something is wrong with it. */
export const finding = (check: string, wrong?: string | false): Finding => (wrong ? { check, ok: false, advice: wrong } : { check, ok: true })
export const warning = (check: string, advice: string): Finding => ({ check, ok: true, advice })

/** What a check answers, or that it could not be made. */
export async function examined(check: string, work: () => Promise<Finding | readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    const found = await work()
    return Array.isArray(found) ? found as readonly Finding[] : [found as Finding]
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return [finding(check, error.message)]
  }
}
