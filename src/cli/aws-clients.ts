import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { S3 } from '@aws-sdk/client-s3'
import { withPeer } from '../kms/port/peer.js'

/** What a command line says of AWS beside KMS. */
export interface AwsArguments {
  readonly profile?: string
}

const settings = ({ profile }: AwsArguments): { readonly profile?: string } =>
  profile === undefined ? {} : { profile }

/**
 * AWS's client of S3, which the user installed. It is loaded when it is needed.
 *
 * @throws SealdropError `invalid_argument` where it is not installed
 */
export async function s3Client(o: AwsArguments): Promise<S3> {
  const { S3 } = await withPeer('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
  return new S3(settings(o))
}

/** The same of DynamoDB. @throws SealdropError `invalid_argument` */
export async function dynamoDbClient(o: AwsArguments): Promise<DynamoDB> {
  const { DynamoDB } = await withPeer(
    '@aws-sdk/client-dynamodb',
    () => import('@aws-sdk/client-dynamodb'),
  )
  return new DynamoDB(settings(o))
}
