// Keys of another account, by key ARN and by alias ARN, with both sides of the permission, and with
// one missing.
import test from 'node:test'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { fetchKeySet, overHttps, seal, verify } from 'sealdrop'
import {
  applyRotation,
  createOpener,
  createPublisher,
  createSigner,
  planRotation,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { fails } from '../support/host.js'
import { intercept } from '../support/intercept.mjs'
import { emptyInventory, memoryStore } from '../support/inventories.mjs'
import { accountDecides, policyOf, putPolicy } from '../support/key-policies.mjs'
import { listen } from '../support/listen.mjs'
import { present } from '../support/types.mjs'

/** @import { KeyInventory } from 'sealdrop/kms' */

const [own, other] = ['111122223333', '444455556666']
const allow = (...Action) =>
  policyOf({ Effect: 'Allow', Action, Resource: `arn:aws:kms:*:${own}:*` })
const user = (account, name, ...policies) => ({
  arn: `arn:aws:iam::${account}:user/${name}`,
  accessKeyId: `LOCAL${name.toUpperCase()}`,
  secretAccessKey: `${name}-secret`,
  policies,
})
const principals = [
  { arn: `arn:aws:iam::${own}:root`, accessKeyId: 'LOCALROOT', secretAccessKey: 'root-secret' },
  user(other, 'companion', allow('kms:Decrypt', 'kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey')),
  user(other, 'stranger'),
  {
    arn: `arn:aws:iam::${other}:root`,
    accessKeyId: 'LOCALOTHERROOT',
    secretAccessKey: 'other-root-secret',
  },
]

async function accounts(t) {
  const local = await startLocalKms({
    regions: ['eu-west-1'],
    credentials: JSON.stringify({ account: own, principals }),
  })
  t.after(() => local.close())
  const as = (name) => {
    const { accessKeyId, secretAccessKey } = present(
      principals.find(({ accessKeyId: id }) => id === `LOCAL${name.toUpperCase()}`),
    )
    return { ...local.clientConfig, credentials: { accessKeyId, secretAccessKey } }
  }
  const admin = new KMSClient({ ...local.clientConfig, region: 'eu-west-1' })
  /** What the other account may do with a key, by the key policy. */
  const shared = {
    Effect: 'Allow',
    Principal: { AWS: [`arn:aws:iam::${other}:root`] },
    Action: ['kms:Decrypt', 'kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey'],
    Resource: '*',
  }
  const make = async (alias, KeySpec, KeyUsage) => {
    const { KeyMetadata } = await admin.send(new CreateKeyCommand({ KeySpec, KeyUsage }))
    const Arn = present(KeyMetadata?.Arn)
    await putPolicy(admin, Arn, policyOf(accountDecides(own), shared))
    await admin.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: Arn }))
    return [Arn, Arn.replace(/key\/.*/, alias)]
  }
  return {
    local,
    as,
    claims: await make('alias/claims', 'RSA_2048', 'ENCRYPT_DECRYPT'),
    receipts: await make('alias/receipts', 'ECC_NIST_P256', 'SIGN_VERIFY'),
  }
}

for (const [what, at] of [
  ['key ARN', 0],
  ['alias ARN', 1],
]) {
  test(`a companion publishes, opens and signs with keys of another account and Region by ${what}; who has no IAM policy does not`, async (t) => {
    const { as, claims, receipts } = await accounts(t)
    const publisher = createPublisher({
      kms: as('companion'),
      keys: [{ key: claims[at], withArn: true }, { key: receipts[at] }],
    })
    const server = await listen(keySetHandler(publisher))
    t.after(() => server.close())
    const keys = fetchKeySet(server.url, { trust: overHttps() })
    const sealed = await seal(keys, 'from elsewhere', { context: {} })
    const opener = createOpener({ kms: as('companion'), keys: [claims[at]] })
    const opened = await opener.open(sealed, { context: {} })
    assert.deepEqual([opened.text(), opened.key.arn], ['from elsewhere', claims[0]])
    const signer = createSigner({ kms: as('companion'), key: receipts[at] })
    assert.equal(
      (await verify(keys, await signer.sign('signed elsewhere'))).text(),
      'signed elsewhere',
    )
    await fails(
      assert,
      createOpener({ kms: as('stranger'), keys: [claims[at]] }).ready(),
      'kms_denied',
      /IAM policy of the caller/,
    )
    await fails(
      assert,
      createSigner({ kms: as('stranger'), key: receipts[at] }).sign('x'),
      'kms_denied',
      /IAM policy of the caller/,
    )
    await opener.close()
    await signer.close()
  })
}

test("a bare alias is one of the caller's own account, where there is none", async (t) => {
  const { as } = await accounts(t)
  await fails(
    assert,
    createOpener({ kms: as('companion'), keys: ['alias/claims'] }).ready(),
    'key_unusable',
    /alias\/claims/,
  )
})

/**
 * An inventory in memory, and rotations with somebody's credentials.
 *
 * @param {{ region: string }} kms
 * @param {KeyInventory} first
 */
function rotations(kms, first) {
  const store = memoryStore(first)
  let at = Date.now()
  const run = async () => {
    at += 100 * 3_600_000
    return applyRotation(planRotation(store.now(), { now: new Date(at), every: 'P1Y' }), {
      kms,
      store,
      now: () => at,
    })
  }
  return { store, run }
}
const inventoryWith = (alias) =>
  emptyInventory({ name: 'mine', use: 'enc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT', alias })

test('a rotation makes no key for an alias of another account, whose own credentials rotate it', async (t) => {
  const { as, claims, local } = await accounts(t)
  const mine = claims[1].replace('claims', 'mine')
  const elsewhere = new KMSClient({ ...as('otherroot'), region: 'eu-west-1' })
  const keyCount = async () => present((await elsewhere.send(new ListKeysCommand({}))).Keys).length
  const wrong = rotations(as('otherroot'), inventoryWith(mine))
  for (let i = 0; i < 2; i++) await fails(assert, wrong.run(), 'kms_denied', /alias\/mine/)
  assert.equal(await keyCount(), 0)
  const right = rotations(local.clientConfig, inventoryWith(mine))
  await right.run()
  for (const { arns } of right.store.now().keys) assert.include(present(arns)[0], own)
})

test('a purpose whose alias became one of another account: no alias is made here, and the run says so', async (t) => {
  const { as, claims, local } = await accounts(t)
  const elsewhere = rotations(
    as('otherroot'),
    inventoryWith(`arn:aws:kms:eu-west-1:${other}:alias/mine`),
  )
  await elsewhere.run()
  elsewhere.store.edit((inventory) => ({
    ...inventory,
    purposes: inventoryWith(claims[1]).purposes,
  }))
  await fails(assert, elsewhere.run(), 'invalid_argument', /of another account than the key/)
  const aliasesOf = async (kms) => {
    const client = new KMSClient({ ...kms, region: 'eu-west-1' })
    const { Aliases } = await client.send(new ListAliasesCommand({}))
    return present(Aliases).map(({ AliasName }) => AliasName)
  }
  assert.deepEqual(await aliasesOf(as('otherroot')), ['alias/mine'])
  assert.sameMembers(await aliasesOf(local.clientConfig), ['alias/claims', 'alias/receipts'])
})

test('an answer for an alias ARN must be of its partition, Region and account', async (t) => {
  const { local, claims, receipts } = await accounts(t)
  const change = { answered: '', arn: (/** @type {string} */ arn) => arn }
  const kms = new KMSClient({ ...local.clientConfig, region: 'eu-west-1', maxAttempts: 1 })
  intercept(kms, async (operation, _input, go) => {
    const { output, ...rest } = await go()
    if (operation !== change.answered) return { output, ...rest }
    const { KeyId, KeyMetadata } = output
    const changed = KeyMetadata
      ? { ...output, KeyMetadata: { ...KeyMetadata, Arn: change.arn(KeyMetadata.Arn) } }
      : { ...output, KeyId: change.arn(KeyId) }
    return { output: changed, ...rest }
  })
  const [, alias] = claims
  const [, signing] = receipts
  const uses = {
    publish: () => createPublisher({ kms, keys: [{ key: alias }] }).documents(),
    open: () => createOpener({ kms, keys: [alias] }).ready(),
    sign: () => createSigner({ kms, key: signing }).ready(),
  }
  const others = [
    (arn) => arn.replace(own, other),
    (arn) => arn.replace('eu-west-1', 'eu-west-2'),
    (arn) => arn.replace('arn:aws:', 'arn:aws-cn:'),
    (arn) => arn.replace(/key\/.*/, 'alias/claims'),
    (arn) => `${arn}/x`,
    () => undefined,
  ]
  for (const [use, run] of Object.entries(uses)) {
    change.answered = use === 'publish' ? 'DescribeKey' : 'GetPublicKey'
    change.arn = (arn) => arn
    await run()
    for (const another of others) {
      change.arn = another
      await fails(assert, run, 'kms_unexpected', new RegExp(change.answered))
    }
  }
})
