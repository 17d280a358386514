import type { LastUse } from '../../doors/kms.js'
import { dateOf } from './words.js'

/** When a key was used last, as KMS tells it. */
export const lastUseLine = (use: LastUse | undefined): string =>
  use === undefined
    ? '  KMS knows of no use of it'
    : `  it was used last at ${dateOf(use.at)} (${use.operation})`
