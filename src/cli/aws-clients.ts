import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { S3 } from '@aws-sdk/client-s3'
import { withPeer } from '../kms/port/peer.js'
import { awsPatience } from './aws-patience.js'
import { UsageError } from './exit-codes.js'

/** What a command line says of AWS beside KMS. */
export interface AwsArguments {
  readonly profile?: string
  /** The Region of KMS, which counts elsewhere only where no other one is known. */
  readonly region?: string
}

interface Settings {
  readonly profile?: string
  readonly region?: string
}

interface Client {
  readonly config: { readonly region: () => Promise<string> }
}

/**
 * Makes a client that knows its Region.
 *
 * @throws UsageError where there is none
 */
async function withRegion<T extends Client>(
  make: (settings: Settings) => T,
  { profile, region }: AwsArguments,
): Promise<T> {
  const settings = profile === undefined ? {} : { profile }
  const client = make(settings)
  const isKnown = await client.config.region().then(
    () => true,
    () => false,
  )
  if (isKnown) return client
  if (region !== undefined) return make({ ...settings, region })
  throw new UsageError('no Region is known: set AWS_REGION, or one in the profile')
}

/**
 * AWS's client of S3, which the user installed. It is loaded when it is needed.
 *
 * @throws SealdropError `invalid_argument` where it is not installed
 * @throws UsageError where no Region is known
 */
export async function s3Client(o: AwsArguments): Promise<S3> {
  const { S3 } = await withPeer('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
  return withRegion((settings) => new S3({ ...awsPatience, ...settings }), o)
}

/** The same of DynamoDB. */
export async function dynamoDbClient(o: AwsArguments): Promise<DynamoDB> {
  const { DynamoDB } = await withPeer(
    '@aws-sdk/client-dynamodb',
    () => import('@aws-sdk/client-dynamodb'),
  )
  return withRegion((settings) => new DynamoDB({ ...awsPatience, ...settings }), o)
}
