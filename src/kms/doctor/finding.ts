import { printable } from '../../errors/printable.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { isDenied } from '../port/aws-errors.js'
import type { KeyInventory } from '../inventory/inventory-model.js'
import type { KeyDescription } from '../port/port.js'

/** What one check found. */
export interface Finding {
  /** What was looked at, always in the same words: `key set: fresh`. */
  readonly check: string
  /** Whether it is as it should be. */
  readonly ok: boolean
  /**
   * What to do, safe to print: control characters of what was found stand as `?`.
   *
   * - With `ok: true` it is a warning of what will be wrong later, or cannot be told from here.
   */
  readonly advice?: string
}

/** A finding that is good, unless something is wrong. */
export const finding = (check: string, wrong?: string | false): Finding =>
  wrong ? { check, ok: false, advice: printable(wrong) } : { check, ok: true }
export const warning = (check: string, advice: string): Finding => ({
  check,
  ok: true,
  advice: printable(advice),
})

/**
 * What a check found, or that it could not be made.
 *
 * Where the caller's signal ended it, the doctor throws its reason.
 */
export async function examined(
  check: string,
  work: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    const found = await work()
    return Array.isArray(found) ? (found as readonly Finding[]) : [found as Finding]
  } catch (error) {
    return [finding(check, adviceFor(error))]
  }
}

function adviceFor(error: unknown): string {
  const { name = 'Error', message = '' } = (error ?? {}) as Partial<Error>
  if (isSealdropError(error)) return message
  if (name === 'TimeoutError' || name === 'AbortError')
    return 'no answer in time: is it down, or does a firewall swallow what is sent?'
  return `failed: ${name}: ${message}`
}

/** What checks of keys and aliases look at. */
export interface Examination {
  readonly inventory: KeyInventory
  /** What KMS says of a key or an alias; undefined where there is none. */
  readonly described: (name: string) => Promise<KeyDescription | undefined>
  readonly now: number
}

/** Makes a warning of a check that these credentials may not make: who opens need not look. */
export function seen(check: string, work: () => Promise<Finding>): Promise<readonly Finding[]> {
  return examined(check, async () => {
    try {
      return await work()
    } catch (error) {
      if (!isDenied(error)) throw error
      return warning(
        check,
        'cannot be told from here, since these credentials may not call kms:DescribeKey: run doctor as the administrator too',
      )
    }
  })
}
