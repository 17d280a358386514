// Which permissions each management operation asks for, on which key; and that nothing happens
// where one is denied.
import { beforeEach, test } from 'node:test'
import { assert } from 'chai'
import { Call } from '#dist/local-kms/operations/call.js'
import { operationOf } from '#dist/local-kms/operations/operations.js'
import { Keyring } from '#dist/local-kms/state/keyring.js'
import { Kms } from '#dist/local-kms/state/kms.js'
import { assertRejects, row, there } from './helpers.mjs'
import { allowTo, home, policyText, roleArn } from './policies.mjs'

/** @import { Answer } from './types.d.ts' */
/** @import { Credential } from '#dist/local-kms/policy/credentials.js' */

const role = roleArn('app')
/** @type {Credential} */
const caller = {
  accessKeyId: 'A',
  secretAccessKey: 'secret',
  principal: { arn: role, account: home, kind: 'assumed-role', policies: [] },
}
const policy = policyText(allowTo(role))
const tags = [{ TagKey: 'a', TagValue: 'b' }]
const spec = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }

/** @type {Kms} */
let kms
/** @type {Set<string>} */
let denied
let asked
beforeEach(() => {
  kms = new Kms({
    rings: ['us-east-1', 'eu-west-1'].map((region) => new Keyring(region)),
    now: Date.now,
  })
  denied = new Set()
  asked = []
})

/** Notes what is asked for instead of deciding it by policies. */
class AskedCall extends Call {
  authorize(permission = this.operation, subject, resource) {
    asked.push([
      permission,
      subject && `${subject.ring.region}/${subject.key.id}`,
      resource,
      ...(subject && 'grant' in subject ? [subject.grant?.id] : []),
    ])
    if (denied.has(permission))
      throw Object.assign(new Error('no'), { name: 'AccessDeniedException' })
  }
  checkDecided() {
    assert.ok(asked.length > 0)
  }
}
/** @returns {Promise<Answer<string>>} */
const run = async (operation, body, region = 'us-east-1') => {
  asked = []
  const ring = there(kms.rings.get(region))
  const facts = { kms, ring, caller, origin: {}, operation, body, requestId: 'r' }
  const answer = await there(operationOf(`TrentService.${operation}`))(new AskedCall(facts))
  return /** @type {Answer<string>} */ (/** @type {unknown} */ (answer))
}
const snapshot = () =>
  JSON.stringify(
    [...kms.rings.values()].map((ring) =>
      [...ring.keys.values()].map(({ materials, ...key }) => [
        key,
        materials.map(({ id, validTo, pending }) => [id, validTo, pending]),
      ]),
    ),
  )

test('each operation asks for its permission on the key that it changes or shows', async () => {
  const { KeyId } = (await run('CreateKey', spec)).KeyMetadata
  const symmetric = (await run('CreateKey', {})).KeyMetadata.KeyId
  const external = (await run('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
  const { GrantId } = await run('CreateGrant', {
    KeyId,
    GranteePrincipal: role,
    Operations: ['Sign'],
  })
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
  const rows = [
    row('UpdateKeyDescription', { KeyId, Description: 'x' }),
    row('TagResource', { KeyId, Tags: tags }),
    row('ListResourceTags', { KeyId }),
    row('UntagResource', { KeyId, TagKeys: ['a'] }),
    row('PutKeyPolicy', { KeyId, Policy: policy }),
    row('GetKeyPolicy', { KeyId }),
    row('ListKeyPolicies', { KeyId }),
    row('ListGrants', { KeyId }),
    row('RevokeGrant', { KeyId, GrantId }),
    row('CreateGrant', { KeyId, GranteePrincipal: role, Operations: ['Sign'] }),
    row('EnableKeyRotation', { KeyId: symmetric }),
    row('GetKeyRotationStatus', { KeyId: symmetric }),
    row('RotateKeyOnDemand', { KeyId: symmetric }),
    row('ListKeyRotations', { KeyId: symmetric }),
    row('DisableKeyRotation', { KeyId: symmetric }),
    row('GetKeyLastUsage', { KeyId }),
    row('GetParametersForImport', { KeyId: external, ...wrapping }),
    row('DeleteImportedKeyMaterial', { KeyId: external }),
    row('DisableKey', { KeyId }),
    row('EnableKey', { KeyId }),
    row('ScheduleKeyDeletion', { KeyId }),
    row('CancelKeyDeletion', { KeyId }),
  ]
  for (const [operation, body] of rows) {
    const first = snapshot()
    denied.add(operation)
    await assertRejects(run(operation, body), { name: 'AccessDeniedException' })
    assert.strictEqual(snapshot(), first, operation)
    denied.clear()
    await run(operation, body)
    assert.deepEqual(asked, [[operation, `us-east-1/${body.KeyId}`, undefined]], operation)
  }
})

test('CreateKey with tags asks for two permissions, neither on a key', async () => {
  await run('CreateKey', { ...spec, Tags: tags })
  assert.deepEqual(asked, [
    ['CreateKey', undefined, undefined],
    ['TagResource', undefined, undefined],
  ])
  await run('CreateKey', { ...spec, Tags: [] })
  assert.deepEqual(asked, [['CreateKey', undefined, undefined]])
})

test('RetireGrant asks with the grant, by id and by token, and ListRetirableGrants with the principal', async () => {
  const { KeyId } = (await run('CreateKey', spec)).KeyMetadata
  const made = await Promise.all(
    [1, 2].map(() =>
      run('CreateGrant', {
        KeyId,
        GranteePrincipal: role,
        RetiringPrincipal: role,
        Operations: ['Sign'],
      }),
    ),
  )
  const bodies = [{ KeyId, GrantId: made[0].GrantId }, { GrantToken: made[1].GrantToken }]
  for (const [index, body] of bodies.entries()) {
    denied.add('RetireGrant')
    await assertRejects(run('RetireGrant', body), { name: 'AccessDeniedException' })
    denied.clear()
    await run('RetireGrant', body)
    assert.deepEqual(asked, [['RetireGrant', `us-east-1/${KeyId}`, undefined, made[index].GrantId]])
  }
  denied.add('RetireGrant')
  await assertRejects(run('RetireGrant', { KeyId, GrantId: 'f'.repeat(64) }), {
    name: 'AccessDeniedException',
  })
  assert.deepEqual(asked, [['RetireGrant', `us-east-1/${KeyId}`, undefined, undefined]])
  await run('ListRetirableGrants', { RetiringPrincipal: role })
  assert.deepEqual(asked, [['ListRetirableGrants', undefined, role]])
})

test('replicas need permission on the primary and to make and tag keys; another primary needs it on both keys', async () => {
  const { KeyId } = (await run('CreateKey', { MultiRegion: true })).KeyMetadata
  const body = { KeyId, ReplicaRegion: 'eu-west-1', Tags: tags }
  for (const permission of ['ReplicateKey', 'CreateKey', 'TagResource']) {
    denied = new Set([permission])
    await assertRejects(run('ReplicateKey', body), { name: 'AccessDeniedException' })
    assert.strictEqual(there(kms.rings.get('eu-west-1')).keys.size, 0)
  }
  denied.clear()
  await run('ReplicateKey', body)
  assert.deepEqual(asked, [
    ['ReplicateKey', `us-east-1/${KeyId}`, undefined],
    ['CreateKey', undefined, undefined],
    ['TagResource', undefined, undefined],
  ])
  await run('UpdatePrimaryRegion', { KeyId, PrimaryRegion: 'eu-west-1' })
  assert.deepEqual(asked, [
    ['UpdatePrimaryRegion', `us-east-1/${KeyId}`, undefined],
    ['UpdatePrimaryRegion', `eu-west-1/${KeyId}`, undefined],
  ])
})
