// Whom grants let in, and who retires them, over the wire.
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import { assertRejects } from './helpers.mjs'
import { allowTo, away, userArn } from './policies.mjs'
import { administrator, denied, noResource, Plaintext, rsa, startWorld } from './world.mjs'

/** @type {Awaited<ReturnType<typeof startWorld>>} */
let world
/** @type {typeof world.as} */
let as
/** @type {typeof world.keyWith} */
let keyWith
/** @type {typeof world.sealed} */
let sealed
before(async () => {
  world = await startWorld()
  ;({ as, keyWith, sealed } = world)
})
after(() => world.local.close())

describe('grants', () => {
  const context = { department: 'claims' }
  const symmetric = {}
  const sealedFor = async (KeyId, EncryptionContext) => {
    const { CiphertextBlob } = await as.root('Encrypt', { KeyId, Plaintext, EncryptionContext })
    return { KeyId, EncryptionContext, CiphertextBlob }
  }
  const grant = (KeyId, GranteePrincipal, more = {}) =>
    as.root('CreateGrant', { KeyId, GranteePrincipal, Operations: ['Decrypt'], ...more })

  test('a grant lets its grantee in for its operations, and no longer once it is revoked', async () => {
    const KeyId = await keyWith(rsa, administrator)
    const input = await sealed(KeyId)
    await denied(as.nobody('Decrypt', input), noResource)
    const { GrantId } = await grant(KeyId, userArn('nobody'))
    await as.nobody('Decrypt', input)
    await denied(as.nobody('DescribeKey', { KeyId }), noResource)
    await as.root('RevokeGrant', { KeyId, GrantId })
    await denied(as.nobody('Decrypt', input), noResource)
  })
  test('a constraint holds the grant to its encryption context', async () => {
    const KeyId = await keyWith(symmetric, administrator)
    await grant(KeyId, userArn('nobody'), { Constraints: { EncryptionContextSubset: context } })
    await as.nobody('Decrypt', await sealedFor(KeyId, { ...context, more: 'x' }))
    await denied(as.nobody('Decrypt', await sealedFor(KeyId, { department: 'sales' })), noResource)
    await denied(as.nobody('Decrypt', await sealedFor(KeyId, {})), noResource)
  })
  test('constraints that say nothing do not pass for constraints', async () => {
    const nobody = userArn('nobody')
    const Condition = { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextEquals' } }
    const KeyId = await keyWith(
      symmetric,
      administrator,
      allowTo(nobody, 'kms:CreateGrant', { Condition }),
    )
    const asked = (Constraints) =>
      as.nobody('CreateGrant', {
        KeyId,
        GranteePrincipal: userArn('opener'),
        Operations: ['Decrypt'],
        Constraints,
      })
    for (const Constraints of [
      undefined,
      {},
      { EncryptionContextEquals: null },
      { EncryptionContextSubset: context },
    ])
      await denied(asked(Constraints), noResource)
    await asked({ EncryptionContextEquals: context })
    assert.deepEqual(
      (await as.root('ListGrants', { KeyId })).Grants.map(({ Constraints }) => Constraints),
      [{ EncryptionContextEquals: context }],
    )
  })
  test('who may retire what is listed for its own account only', async () => {
    const KeyId = await keyWith(rsa, administrator)
    const RetiringPrincipal = userArn('opener')
    await grant(KeyId, userArn('nobody'), { RetiringPrincipal })
    assert.ok(
      (await as.root('ListRetirableGrants', { RetiringPrincipal })).Grants.some(
        (listed) => listed.KeyId === KeyId,
      ),
    )
    await assertRejects(as.lister('ListRetirableGrants', { RetiringPrincipal }), {
      name: 'AccessDeniedException',
    })
    assert.deepEqual(
      (
        await as.lister('ListRetirableGrants', {
          RetiringPrincipal: userArn('stranger', away),
        })
      ).Grants,
      [],
    )
  })
  test('its retiring principal retires it, nobody else does, and then it is over', async () => {
    const KeyId = await keyWith(rsa, administrator)
    const input = await sealed(KeyId)
    const { GrantId, GrantToken } = await grant(KeyId, userArn('nobody'), {
      RetiringPrincipal: userArn('opener'),
    })
    await as.nobody('Decrypt', input)
    await assertRejects(as.nobody('RetireGrant', { KeyId, GrantId }), {
      name: 'AccessDeniedException',
    })
    await assertRejects(as.stranger('RetireGrant', { GrantToken }), {
      name: 'AccessDeniedException',
    })
    await as.opener('RetireGrant', { GrantToken })
    await denied(as.nobody('Decrypt', input), noResource)
  })
  test('a grant to another account lets its principal in', async () => {
    const KeyId = await keyWith(rsa, administrator)
    await grant(KeyId, userArn('stranger', away))
    await as.stranger('Decrypt', await sealed(KeyId))
  })
})
