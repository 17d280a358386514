import { partitionOf } from './key-model.js'

/** A service of AWS that has a key of its own in each account which uses it. */
export interface ManagedKeyService {
  /** The Id of the key's policy. */
  readonly id: string
  /** What its policy calls the service. */
  readonly name: string
  /** The service in `kms:ViaService`. */
  readonly via: string
  /** What the description says that it protects. */
  readonly protects: string
  /** Whether the service also works by grants, which the account may revoke. */
  readonly grants: boolean
}

/**
 * The services whose keys are here, by what stands behind `alias/aws/`.
 *
 * Their policies are those that were read from an account: kms-facts.md, "Keys that AWS manages".
 */
const services: Readonly<Record<string, ManagedKeyService>> = {
  s3: { id: 'auto-s3-2', name: 'S3', via: 's3', protects: 'S3 objects', grants: false },
  ebs: { id: 'auto-ebs-2', name: 'EBS', via: 'ec2', protects: 'EBS volumes', grants: true },
  sqs: {
    id: 'auto-sqs-1',
    name: 'Simple Queue Service (SQS)',
    via: 'sqs',
    protects: 'SQS messages',
    grants: true,
  },
  lambda: {
    id: 'auto-awslambda',
    name: 'AWS Lambda',
    via: 'lambda',
    protects: 'Lambda functions',
    grants: true,
  },
  kinesis: {
    id: 'auto-kinesis-1',
    name: 'Amazon Kinesis',
    via: 'kinesis',
    protects: 'Kinesis data',
    grants: false,
  },
  ssm: { id: 'auto-ssm-1', name: 'SSM', via: 'ssm', protects: 'SSM data', grants: false },
}

/** The service that an alias of AWS's own is of; undefined where there is none here. */
export function managedKeyService(alias: string): ManagedKeyService | undefined {
  const name = /^alias\/aws\/(.+)$/.exec(alias)?.[1] ?? ''
  return Object.hasOwn(services, name) ? services[name] : undefined
}

/** Days between two rotations, which AWS does by itself. */
export const managedRotationDays = 365

export const managedDescription = ({ protects }: ManagedKeyService): string =>
  `Default key that protects my ${protects} when no other key is defined`

/** How `kms:ViaService` names a service in a Region. */
export const viaServiceIn = (service: string, region: string): string =>
  `${service}.${region}.${partitionOf(region) === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'}`

/**
 * The policy of such a key. Its service alone may use it, for whoever of the account calls it.
 *
 * The account may only look. So nobody can disable, delete or change the key.
 */
export function managedKeyPolicy(
  { id, name, via, grants }: ManagedKeyService,
  account: string,
  region: string,
): string {
  const short = /\((\w+)\)$/.exec(name)?.[1] ?? name
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Id: id,
      Statement: [
        {
          Sid: `Allow access through ${name} for all principals in the account that are authorized to use ${short}`,
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: [
            'kms:Encrypt',
            'kms:Decrypt',
            'kms:ReEncrypt*',
            'kms:GenerateDataKey*',
            ...(grants ? ['kms:CreateGrant'] : []),
            'kms:DescribeKey',
          ],
          Resource: '*',
          Condition: {
            StringEquals: {
              'kms:CallerAccount': account,
              'kms:ViaService': viaServiceIn(via, region),
            },
          },
        },
        {
          Sid: 'Allow direct access to key metadata to the account',
          Effect: 'Allow',
          Principal: { AWS: `arn:${partitionOf(region)}:iam::${account}:root` },
          Action: [
            'kms:Describe*',
            'kms:Get*',
            'kms:List*',
            ...(grants ? ['kms:RevokeGrant'] : []),
          ],
          Resource: '*',
        },
      ],
    },
    undefined,
    2,
  )
}
