import { ensure } from '../errors/guard.js'

/** How a sealed file travels: what of it is in one request. */
export interface UploadPlan {
  /** One PUT of the whole, or the parts of a multipart upload. */
  readonly mode: 'put' | 'multipart'
  /** Bytes of every part but the last, a multiple of 1 MiB. Of one PUT it is 8 MiB, at least. */
  readonly partLength: number
  /** How many parts there are, from 1. */
  readonly parts: number
}

const MiB = 1_048_576

/** What S3 takes, and what a page can hold. */
export const uploadLimits = {
  /** Bytes of a whole that goes in one PUT, and of a part where nobody says otherwise. */
  part: 8_388_608,
  /** Bytes of a part: S3 takes no smaller one before the last, and pages hold no larger one. */
  leastPart: 5_242_880,
  mostPart: 67_108_864,
  parts: 10_000,
} as const

/**
 * Divides a sealed file into what is sent at once.
 *
 * - up to 8 MiB it is one PUT, and up to 78 GiB it is parts of 8 MiB
 * - above, parts are as short as 10,000 of them allow, and a multiple of 1 MiB
 * - page and server each compute it, and neither takes the other's word
 *
 * @param length - bytes of the sealed file
 * @param partLength - bytes of a part instead: 5 to 64 MiB, a multiple of 1 MiB
 * @throws SealdropError:
 *   - `invalid_argument`: one of the two is no such number
 *   - `too_large`: more than can be sent, which the message names
 * @example
 *   ```js
 *   import { planUpload } from 'sealdrop/upload'
 *   console.log(planUpload(20_000_000).parts) // 3
 *   ```
 * @see upload.md
 */
export function planUpload(length: number, partLength?: number): UploadPlan {
  const { part, leastPart, mostPart, parts: most } = uploadLimits
  ensure(
    Number.isSafeInteger(length) && length > 0,
    'invalid_argument',
    'length: expected bytes, from 1',
  )
  ensure(
    partLength === undefined ||
      (Number.isInteger(partLength) &&
        partLength % MiB === 0 &&
        partLength >= leastPart &&
        partLength <= mostPart),
    'invalid_argument',
    'partLength: expected 5 to 64 MiB, a multiple of 1 MiB',
  )
  const longest = most * (partLength ?? mostPart)
  ensure(
    length <= longest,
    'too_large',
    `an upload has at most ${longest} bytes, this one has ${length}`,
  )
  const chosen = partLength ?? Math.max(part, Math.ceil(length / most / MiB) * MiB)
  return length > part
    ? { mode: 'multipart', partLength: chosen, parts: Math.ceil(length / chosen) }
    : { mode: 'put', partLength: Math.max(part, chosen), parts: 1 }
}

/** Bytes of a part of the plan, from 1: only the last one is shorter. */
export const lengthOfPart = (
  { partLength, parts }: Pick<UploadPlan, 'partLength' | 'parts'>,
  length: number,
  part: number,
): number => (part < parts ? partLength : length - partLength * (parts - 1))
