// Aliases, tags, policies and grants.
import { count, date, hex64, including, json, like } from './match.mjs'
import { defaultPolicy } from './regions.js'
import { documented, facts, floci, localstack, reported, row } from './sources.mjs'
import { answered, call, key, refused } from './steps.mjs'

const aliasArn = (name) => `arn:aws:kms:us-east-1:111122223333:alias/${name}`
const entry = (name, target) => ({ AliasArn: aliasArn(name), AliasName: `alias/${name}`, TargetKeyId: target, CreationDate: date, LastUpdatedDate: date })
const listed = (...entries) => answered('ListAliases', { KeyId: '${key}' }, { Aliases: entries, Truncated: false })
const pendingDeletion = ['KMSInvalidStateException', '${key.arn} is pending deletion.']

const tags = (values) => Object.entries(values).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
const tagged = (values) => answered('ListResourceTags', { KeyId: '${key}' }, { Tags: tags(values), Truncated: false })
const three = { tag1: 'value1', tag2: 'value2', tag3: 'value3' }
const reserved = ['TagException', 'Tags beginning with aws: are reserved']
const tooLong = (value, member, n) => `1 validation error detected: Value '${value}' at 'tags.1.member.${member}' failed to satisfy constraint: Member must have length less than or equal to ${n}`

const root = 'arn:aws:iam::111122223333:root'
const policyWith = (Action) => ({
  Version: '2012-10-17', Id: 'key-default-1',
  Statement: [
    { Sid: 'This is the default key policy', Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' },
    { Sid: 'This is some additional stuff to look special', Effect: 'Allow', Principal: { AWS: root }, Action, Resource: '*' },
  ],
})
const policy = (content) => answered('GetKeyPolicy', { KeyId: '${key}', PolicyName: 'default' }, { Policy: json(content), PolicyName: 'default' })

const granted = (more = {}) => ({ KeyId: '${key}', GranteePrincipal: root, Operations: ['Decrypt', 'Encrypt'], ...more })
const grant = { GrantId: hex64, GrantToken: like(/^\S{1,8192}$/) }
const grants = (n) => answered('ListGrants', { KeyId: '${key}' }, { Grants: count(n), Truncated: false })

export const rows = [
  row('An alias without its prefix', localstack('test_create_alias'), [
    key('key'), refused('CreateAlias', { AliasName: 'no-prefix', TargetKeyId: '${key}' }, 'ValidationException', 'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'),
  ]),
  row('Aliases of a key, and of another', localstack('test_list_aliases_of_key'), [
    key('key'), key('other'),
    answered('CreateAlias', { AliasName: 'alias/of-a-key', TargetKeyId: '${key}' }, {}),
    listed(entry('of-a-key', '${key}')),
    answered('ListAliases', { KeyId: '${other}' }, { Aliases: [], Truncated: false }),
  ]),
  row('An alias comes and goes', localstack('test_create_list_delete_alias'), [
    key('key'), call('CreateAlias', { AliasName: 'alias/comes', TargetKeyId: '${key}' }), listed(entry('comes', '${key}')),
    answered('DeleteAlias', { AliasName: 'alias/comes' }, {}), listed(),
  ]),
  row('An alias moves', localstack('test_update_alias'), [
    key('first'), key('key'),
    call('CreateAlias', { AliasName: 'alias/moves', TargetKeyId: '${first}' }),
    answered('UpdateAlias', { AliasName: 'alias/moves', TargetKeyId: '${key}' }, {}),
    listed(entry('moves', '${key}')),
    answered('ListAliases', { KeyId: '${first}' }, { Aliases: [], Truncated: false }),
  ]),
  row('An alias that is taken', reported('cloudbees 66, crossplane 1741'), [
    key('key'), call('CreateAlias', { AliasName: 'alias/taken', TargetKeyId: '${key}' }),
    refused('CreateAlias', { AliasName: 'alias/taken', TargetKeyId: '${key}' }, 'AlreadyExistsException', `An alias with the name ${aliasArn('taken')} already exists`),
  ]),
  row('An alias for a key pending deletion', floci('keyManagementRejectsAKeyPendingDeletion'), [
    key('key'), key('other'), call('ScheduleKeyDeletion', { KeyId: '${key}' }),
    refused('CreateAlias', { AliasName: 'alias/too-late', TargetKeyId: '${key}' }, ...pendingDeletion),
    call('CreateAlias', { AliasName: 'alias/in-time', TargetKeyId: '${other}' }),
    refused('UpdateAlias', { AliasName: 'alias/in-time', TargetKeyId: '${key}' }, ...pendingDeletion),
  ]),
  row('An alias keeps the kind and the usage of its key', facts('Rules'), [
    key('symmetric'), key('signs', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }), key('opens', { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }),
    call('CreateAlias', { AliasName: 'alias/kind', TargetKeyId: '${signs}' }),
    refused('UpdateAlias', { AliasName: 'alias/kind', TargetKeyId: '${symmetric}' }, 'ValidationException', null),
    refused('UpdateAlias', { AliasName: 'alias/kind', TargetKeyId: '${opens}' }, 'ValidationException', null),
  ]),

  row('Tags are put on a key and taken off', localstack('test_tag_existing_key_and_untag'), [
    key('key'), answered('TagResource', { KeyId: '${key}', Tags: tags({ tag1: 'value1', tag2: 'value2' }) }, {}), tagged({ tag1: 'value1', tag2: 'value2' }),
    answered('UntagResource', { KeyId: '${key}', TagKeys: ['tag1', 'tag2'] }, {}), tagged({}),
  ]),
  row('A key is made with tags', localstack('test_create_key_with_tag_and_untag'), [
    key('key', { Tags: tags({ tag1: 'value1', tag2: 'value2' }) }), tagged({ tag1: 'value1', tag2: 'value2' }), call('UntagResource', { KeyId: '${key}', TagKeys: ['tag1', 'tag2'] }), tagged({}),
  ]),
  row('One tag of three is taken off', localstack('test_untag_key_partially'), [key('key', { Tags: tags(three) }), tagged(three), call('UntagResource', { KeyId: '${key}', TagKeys: ['tag2'] }), tagged({ tag1: 'value1', tag3: 'value3' })]),
  row('A tag is changed in its place, and others come after it', localstack('test_update_and_add_tags_on_tagged_key'), [
    key('key', { Tags: tags(three) }), call('TagResource', { KeyId: '${key}', Tags: tags({ tag4: 'value4', tag2: 'updated_value2', tag5: 'value5' }) }),
    tagged({ ...three, tag2: 'updated_value2', tag4: 'value4', tag5: 'value5' }),
  ]),
  row('A tag key given twice', localstack('test_tag_key_with_duplicate_tag_keys_raises_error'), [
    key('key'), refused('TagResource', { KeyId: '${key}', Tags: [{ TagKey: 'tag1', TagValue: 'value1' }, { TagKey: 'tag1', TagValue: 'another-value1' }] }, 'TagException', 'Duplicate tag keys'),
  ]),
  row('Fifty-one tags', localstack('test_create_key_with_too_many_tags_raises_error'), [refused('CreateKey', { Tags: Array.from({ length: 51 }, (_, i) => ({ TagKey: `key${i}`, TagValue: `value${i}` })) }, 'TagException', 'Too many tags')]),
  row('A reserved tag key on a key that exists', localstack('test_tag_existing_key_with_invalid_tag_key'), [key('key'), refused('TagResource', { KeyId: '${key}', Tags: tags({ 'aws:key1': 'value1' }) }, ...reserved)]),
  row('A tag value of 257 characters', localstack('test_key_with_long_tag_value_raises_error'), [refused('CreateKey', { Tags: tags({ tag1: 'v'.repeat(257) }) }, 'ValidationException', tooLong('v'.repeat(257), 'tagValue', 256))]),
  row('Reserved tag keys, in any case, and one of 129 characters', localstack('test_create_key_with_invalid_tag_key'), [
    refused('CreateKey', { Tags: tags({ 'aws:key1': 'value1' }) }, ...reserved),
    refused('CreateKey', { Tags: tags({ 'AWS:key1': 'value1' }) }, ...reserved),
    refused('CreateKey', { Tags: tags({ ['a'.repeat(129)]: 'value1' }) }, 'ValidationException', tooLong('a'.repeat(129), 'tagKey', 128)),
  ]),

  row('A policy is given, read and replaced, and its name is default', localstack('test_get_put_list_key_policies'), [
    key('key', { Policy: JSON.stringify(policyWith('kms:ListAliases')) }),
    answered('ListKeyPolicies', { KeyId: '${key}' }, { PolicyNames: ['default'], Truncated: false }),
    policy(policyWith('kms:ListAliases')),
    answered('PutKeyPolicy', { KeyId: '${key}', PolicyName: 'default', Policy: JSON.stringify(policyWith('kms:ListGrants')) }, {}),
    policy(policyWith('kms:ListGrants')),
  ]),
  row('The policy that nobody gave lets the account in', localstack('test_replicate_key (ReplicaPolicy)'), [key('key'), policy(defaultPolicy)]),

  row('A grant is for a key that exists', localstack('test_create_grant_with_invalid_key, test_list_grants_with_invalid_key'), [
    refused('CreateGrant', granted({ KeyId: 'invalid' }), 'NotFoundException', "Invalid keyId 'invalid'"),
    refused('ListGrants', { KeyId: 'invalid' }, 'NotFoundException', "Invalid keyId 'invalid'"),
  ]),
  row('A grant has an id and a token, and is listed', localstack('test_create_grant_with_valid_key'), [key('key'), grants(0), answered('CreateGrant', granted(), grant), grants(1)]),
  row('Two keys have grants of one name', localstack('test_create_grant_with_same_name_two_keys'), [
    key('other'), answered('CreateGrant', granted({ KeyId: '${other}', Name: 'TestGrantName', Operations: ['Decrypt', 'DescribeKey'] }), grant),
    key('key'), answered('CreateGrant', granted({ Name: 'TestGrantName', Operations: ['Decrypt', 'DescribeKey'] }), grant), grants(1),
    answered('ListGrants', { KeyId: '${other}' }, { Grants: count(1), Truncated: false }),
  ]),
  row('A grant is revoked', localstack('test_revoke_grant'), [key('key'), call('CreateGrant', granted(), { as: 'grant' }), grants(1), answered('RevokeGrant', { KeyId: '${key}', GrantId: '${grant.GrantId}' }, {}), grants(0)]),
  row('A grant is retired by its token', localstack('test_retire_grant_with_grant_token'), [key('key'), call('CreateGrant', granted(), { as: 'grant' }), answered('RetireGrant', { GrantToken: '${grant.GrantToken}' }, {}), grants(0)]),
  row('A grant is listed with what it allows', documented('ListGrants'), [
    key('key'), call('CreateGrant', granted({ Name: 'listed', RetiringPrincipal: root, Constraints: { EncryptionContextSubset: { a: 'b' } } }), { as: 'grant' }),
    call('ListGrants', { KeyId: '${key}' }, { expect: { answer: { Truncated: false, Grants: including({
      KeyId: '${key.arn}', GrantId: '${grant.GrantId}', Name: 'listed', CreationDate: date, GranteePrincipal: root, RetiringPrincipal: root, IssuingAccount: like(/111122223333/), Operations: ['Decrypt', 'Encrypt'], Constraints: { EncryptionContextSubset: { a: 'b' } },
    }) } } }),
  ]),
]
