import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { blamingNow } from '../errors/whose.js'
import { isFolders } from '../formats/folders.js'
import { isText } from '../formats/json.js'
import {
  policyDocument,
  type PolicyDocument,
  type PolicyStatement,
} from '../kms/policy/document.js'

/** Whose bucket it is, and what of it the handler uses. */
export interface BucketPolicyOptions {
  /** Name or ARN of the bucket. */
  readonly bucket: string
  /** As the handler has it. */
  readonly prefix: string
  /** As the handler has it. Default: `receipts/`. */
  readonly receipts?: string
  /** ARN of the key of SSE-KMS that encrypts the bucket. Default: none. */
  readonly kmsKey?: string
}

/** The two halves, as AWS takes them: `JSON.stringify` each. */
export interface BucketPolicies {
  /** What the bucket refuses to everybody. */
  readonly bucketPolicy: PolicyDocument
  /** What the role of the handler may do. */
  readonly iamPolicy: PolicyDocument
}

const deny = (Sid: string, rest: Omit<PolicyStatement, 'Sid' | 'Effect' | 'Principal'>) =>
  ({ Sid, Effect: 'Deny', Principal: '*', ...rest }) satisfies PolicyStatement
const allow = (Sid: string, rest: Omit<PolicyStatement, 'Sid' | 'Effect'>) =>
  ({ Sid, Effect: 'Allow', ...rest }) satisfies PolicyStatement

/** What the verbs of the handler call. With versions, S3 asks for those of the version too. */
const onUploads: readonly string[] = [
  's3:PutObject',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:PutObjectTagging',
  's3:PutObjectVersionTagging',
]

/** Without this, S3 answers 403 where no object is, and nobody could tell. */
const listing = (bucket: string, prefixes: readonly string[]): PolicyStatement =>
  allow('Look', {
    Action: 's3:ListBucket',
    Resource: bucket,
    Condition: { StringLike: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) } },
  })

/**
 * Writes what the handler's role may do, and what the bucket refuses to everybody.
 *
 * - the role may write below the prefix, look at what is there, and tag it
 * - the bucket refuses plain http, a URL that is older than 15 minutes, and a write that could
 *   replace an object below the prefix
 *
 * @param o - bucket, prefix, and the key of SSE-KMS
 * @returns `bucketPolicy` for PutBucketPolicy and `iamPolicy` for the role
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong
 * @example
 *   ```js
 *   import { bucketPolicy } from 'sealdrop/s3'
 *   const { iamPolicy } = bucketPolicy({ bucket: 'uploads', prefix: 'inbox/' })
 *   console.log(iamPolicy.Statement[0].Resource) // arn:aws:s3:::uploads/inbox/*
 *   ```
 */
export function bucketPolicy(o: BucketPolicyOptions): BucketPolicies {
  return blamingNow(() => policiesOf(o))
}

function policiesOf(o: BucketPolicyOptions): BucketPolicies {
  const {
    bucket,
    prefix,
    receipts = 'receipts/',
    kmsKey,
  } = checkOptions(o, 'bucket prefix receipts kmsKey')
  ensure(
    isText(bucket) && /^(arn:[\w-]+:s3:::)?[a-z0-9.-]+$/.test(bucket),
    'invalid_argument',
    'bucket: expected the name or the ARN of a bucket',
  )
  ensure(
    [prefix, receipts].every((folders) => isFolders(folders) && folders !== ''),
    'invalid_argument',
    'prefix and receipts: expected folders that end in /',
  )
  ensure(
    kmsKey === undefined || (isText(kmsKey) && /^arn:[\w-]+:kms:[^*]+:key\//.test(kmsKey)),
    'invalid_argument',
    'kmsKey: expected the ARN of a key',
  )
  const arn = bucket.startsWith('arn:') ? bucket : `arn:aws:s3:::${bucket}`
  const uploads = `${arn}/${prefix}*`
  return {
    bucketPolicy: policyDocument([
      deny('OnlyOverTls', {
        Action: 's3:*',
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
      deny('UrlsOf15Minutes', {
        Action: 's3:PutObject',
        Resource: uploads,
        Condition: {
          StringEquals: { 's3:authType': 'REST-QUERY-STRING' },
          NumericGreaterThan: { 's3:signatureAge': '900000' },
        },
      }),
      deny('NothingIsReplaced', {
        Action: 's3:PutObject',
        Resource: uploads,
        Condition: {
          Null: { 's3:if-none-match': 'true' },
          Bool: { 's3:ObjectCreationOperation': 'true' },
        },
      }),
    ]),
    iamPolicy: policyDocument([
      allow('Upload', { Action: onUploads, Resource: uploads }),
      allow('Receipts', { Action: 's3:GetObject', Resource: `${arn}/${receipts}*` }),
      listing(arn, [prefix, receipts]),
      ...(kmsKey === undefined
        ? []
        : [allow('Encrypt', { Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: kmsKey })]),
    ]),
  }
}
