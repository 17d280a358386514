import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { blamingNow } from '../errors/whose.js'
import { isFolders } from '../formats/folders.js'
import { isOrigin } from './upload-options.js'

/** What a bucket answers to pages of other origins, as PutBucketCors takes it. */
export interface BucketCors {
  readonly CORSRules: {
    ID: string
    AllowedOrigins: string[]
    AllowedMethods: string[]
    AllowedHeaders: string[]
    ExposeHeaders: string[]
    MaxAgeSeconds: number
  }[]
}

/**
 * Makes the CORS rule by which pages of your origins may send parts, and nothing else.
 *
 * @param o.origins - such as `https://app.example.com`
 * @returns the `CORSConfiguration` of PutBucketCors
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: no origin, or one that is none
 * @example
 *   ```js
 *   import { bucketCors } from 'sealdrop/s3'
 *   const { CORSRules } = bucketCors({ origins: ['https://app.example.com'] })
 *   console.log(CORSRules[0].AllowedMethods.join()) // PUT
 *   ```
 * @see upload.md, "sign"
 */
export function bucketCors(o: { readonly origins: readonly string[] }): BucketCors {
  return blamingNow(() => {
    const { origins } = checkOptions(o, 'origins')
    ensure(
      Array.isArray(origins) && origins.length > 0 && origins.every(isOrigin),
      'invalid_argument',
      'origins: expected an array of origins',
    )
    const rule = {
      ID: 'sealdrop-uploads',
      AllowedOrigins: [...origins],
      AllowedMethods: ['PUT'],
      AllowedHeaders: ['content-type', 'content-disposition', 'if-none-match', 'x-amz-*'],
      ExposeHeaders: ['retry-after', 'x-amz-request-id', 'x-amz-version-id'],
      MaxAgeSeconds: 3_000,
    }
    return { CORSRules: [rule] }
  })
}

/** Which uploads end by themselves, as PutBucketLifecycleConfiguration takes it. */
export interface BucketLifecycle {
  readonly Rules: {
    ID: string
    Status: 'Enabled'
    Filter: { Prefix: string }
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: number }
  }[]
}

/**
 * Makes the lifecycle rule that ends uploads which nobody completes, after 8 days.
 *
 * A session lives 7 days, so no upload that can still go on is ended.
 *
 * @param o.prefix - as the handler has it
 * @returns the `LifecycleConfiguration` of PutBucketLifecycleConfiguration
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the prefix does not end in `/`
 * @example
 *   ```js
 *   import { bucketLifecycle } from 'sealdrop/s3'
 *   const { Rules } = bucketLifecycle({ prefix: 'inbox/' })
 *   console.log(Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation) // 8
 *   ```
 */
export function bucketLifecycle(o: { readonly prefix: string }): BucketLifecycle {
  return blamingNow(() => {
    const { prefix: Prefix } = checkOptions(o, 'prefix')
    ensure(
      isFolders(Prefix) && Prefix !== '',
      'invalid_argument',
      'prefix: expected folders that end in /, such as inbox/',
    )
    const rule = {
      ID: 'sealdrop-uploads',
      Status: 'Enabled' as const,
      Filter: { Prefix },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 8 },
    }
    return { Rules: [rule] }
  })
}
