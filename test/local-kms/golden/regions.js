import { json, like } from './match.mjs'
import { metadata } from './metadata.mjs'
import { facts, localstack, row } from './sources.mjs'
import { answered, call, key, refused } from './steps.mjs'

const other = 'ap-southeast-1'
const arnIn = (region) => `arn:aws:kms:${region}:111122223333:key/\${key}`
const configuration = (MultiRegionKeyType, replicas) => ({
  MultiRegionKeyType, PrimaryKey: { Arn: arnIn('us-east-1'), Region: 'us-east-1' }, ReplicaKeys: replicas.map((Region) => ({ Arn: arnIn(Region), Region })),
})
const mrk = (more) => metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { MultiRegion: true, ...more })
const { CurrentKeyMaterialId: _, ...withoutMaterial } = mrk({ Arn: arnIn(other), KeyId: '${key}', MultiRegionConfiguration: configuration('REPLICA', [other]) })
export const defaultPolicy = {
  Version: '2012-10-17', Id: 'key-default-1',
  Statement: [{ Sid: 'Enable IAM User Permissions', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'kms:*', Resource: '*' }],
}

export const rows = [
  row('A multi-Region key says so in its id and in its configuration', localstack('test_create_multi_region_key'), [
    key('key', { MultiRegion: true, Description: 'test multi region key' }),
    answered('DescribeKey', { KeyId: '${key}' }, {
      KeyMetadata: mrk({ Description: 'test multi region key', KeyId: like(/^mrk-[0-9a-f]{32}$/), Arn: arnIn('us-east-1'), MultiRegionConfiguration: configuration('PRIMARY', []) }),
    }),
    answered('DescribeKey', { KeyId: '${key.arn}' }, { KeyMetadata: '${key.KeyMetadata}' }),
  ]),
  row('A replica has the id, not the description; both list each other', localstack('test_replicate_key'), [
    key('key', { MultiRegion: true, Description: 'test replicated key' }),
    refused('DescribeKey', { KeyId: '${key}' }, 'NotFoundException', `Key '${arnIn(other)}' does not exist`, { in: other }),
    answered('ReplicateKey', { KeyId: '${key}', ReplicaRegion: other }, { ReplicaKeyMetadata: { ...withoutMaterial, Enabled: false, KeyState: 'Creating' }, ReplicaPolicy: json(defaultPolicy) }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: mrk({ Description: 'test replicated key', KeyId: '${key}', Arn: arnIn('us-east-1'), MultiRegionConfiguration: configuration('PRIMARY', [other]) }) }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: mrk({ KeyId: '${key}', Arn: arnIn(other), MultiRegionConfiguration: configuration('REPLICA', [other]) }) }, { in: other }),
  ]),
  row('A replica is not replicated', localstack('test_replicate_replica_key_should_fail'), [
    key('key', { MultiRegion: true, Description: 'test primary key' }),
    call('ReplicateKey', { KeyId: '${key}', ReplicaRegion: other }),
    refused('ReplicateKey', { KeyId: '${key}', ReplicaRegion: other }, 'UnsupportedOperationException', `${arnIn(other)} is not a multi-region primary key.`, { in: other }),
  ]),
  row('The public key of a replica is that of the primary', facts('Rules'), [
    key('key', { MultiRegion: true, KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    call('ReplicateKey', { KeyId: '${key}', ReplicaRegion: other }),
    call('GetPublicKey', { KeyId: '${key}' }, { as: 'here' }),
    call('GetPublicKey', { KeyId: '${key}' }, { in: other, as: 'there' }),
    answered('DescribeKey', { KeyId: '${there.KeyId}' }, {
      KeyMetadata: metadata('ECC_NIST_P256', 'SIGN_VERIFY', { MultiRegion: true, KeyId: '${key}', Arn: arnIn(other), MultiRegionConfiguration: configuration('REPLICA', [other]) }),
    }, { in: other }),
    { as: 'same', local: ({ here, there }) => { if (!Buffer.from(here.PublicKey).equals(Buffer.from(there.PublicKey))) throw new Error('the public keys differ') } },
  ]),
]
