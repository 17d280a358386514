// Keys that a lost answer of CreateKey may have left behind: told to people, used by nobody. And
// replicas that were there before they were asked for.
import test from 'node:test'
import { Agent } from 'node:http'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { doctor, rebuildInventory } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { claims, receipts } from '../support/inventories.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { minute, rotatingCompany } from '../support/rotating-company.mjs'
import { present } from '../support/types.mjs'

/** @import { CreateKeyCommandInput } from '@aws-sdk/client-kms' */
/** @import { FaultRule } from 'sealdrop/local-kms' */

const check = 'keys: none may be left over'
/** @type {FaultRule} */
const lostAnswer = { kind: 'half', operation: 'CreateKey', count: 1 }

const arnsInKms = async (client) =>
  present((await client.send(new ListKeysCommand({}))).Keys).map(({ KeyArn = '' }) => KeyArn)

/** A run whose CreateKey loses its answer. @returns the key that it made */
async function loseAnswer({ local, apply, client, clock, arns }) {
  const before = await arnsInKms(client)
  local.faults.add(lostAnswer)
  await fails(assert, apply({ kms: { ...local.clientConfig, maxAttempts: 1 } }), 'kms_unavailable')
  clock.at += 30 * minute
  const made = (await arnsInKms(client)).filter((arn) => ![...before, ...arns()].includes(arn))
  assert.lengthOf(made, 1, 'the fault made a key whose ARN nobody was told')
  return made[0]
}

/** What the doctor says of keys that may be left over. */
async function saidBy({ local, store, now }, more = {}) {
  const findings = await doctor({ kms: local.clientConfig, store, now, ...more })
  return present(findings.find((finding) => finding.check === check))
}

/**
 * A key as one looks that was made for claims.
 *
 * @param {KMSClient} client
 * @param {Partial<CreateKeyCommandInput>} more
 */
async function lookalike(client, more = {}) {
  const Description = `sealdrop claims ${'A'.repeat(22)}`
  /** @type {CreateKeyCommandInput} */
  const input = { Description, KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', ...more }
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
  return present(KeyMetadata?.Arn)
}

test('a purpose whose CreateKey lost its answer three times is a conflict until a person clears it, and others go on', async (t) => {
  const one = await rotatingCompany(t, [claims, receipts])
  const lost = []
  for (const count of [0, 1, 2]) {
    lost.push(await loseAnswer(one))
    const making = present(one.store.now().keys.find(({ state }) => state === 'making'))
    assert.equal(making.lost ?? 0, count)
    assert.isUndefined(making.arns)
  }
  assert.include(one.states(), 'receipts current', 'what it does not concern is done')
  for (let run = 0; run < 3; run++) {
    await fails(
      assert,
      one.apply(),
      'conflict',
      /claims: .* cut off 3 times .* doctor .* CloudTrail/,
    )
    one.clock.at += 30 * minute
  }
  assert.sameMembers(
    (await arnsInKms(one.client)).filter((arn) => !one.arns().includes(arn)),
    lost,
    'no further key was made',
  )
  const { advice = '' } = await saidBy(one)
  for (const arn of lost) assert.include(advice, arn)
  const { local, store, now } = one
  await rebuildInventory({ kms: local.clientConfig, store, now, enter: [] })
  await one.run(4)
  assert.include(one.states(), 'claims current')
  assert.deepEqual(
    one.arns().filter((arn) => lost.includes(arn)),
    [],
  )
})

const twoAddresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))

/** Ways in which KMS makes no key, and says so or is not asked. */
const madeNothing = {
  'a refusal': async () => {
    throw Object.assign(new Error('too many keys'), {
      name: 'LimitExceededException',
      $metadata: { httpStatusCode: 400 },
    })
  },
  'no connection': (command, { clientConfig }) =>
    new KMSClient({ ...clientConfig, endpoint: 'http://127.0.0.1:1', maxAttempts: 2 }).send(
      command,
    ),
  'no connection to any of two addresses': async (command, { clientConfig }) => {
    const httpAgent = new Agent({ lookup: (_host, _o, tell) => tell(null, twoAddresses) })
    const client = new KMSClient({
      ...clientConfig,
      endpoint: 'http://kms.invalid:1',
      requestHandler: { httpAgent },
      maxAttempts: 2,
    })
    const error = await client.send(command).catch((cause) => cause)
    assert.lengthOf(error.errors, 2)
    throw error
  },
  'no such host': (command, { clientConfig }) =>
    new KMSClient({ ...clientConfig, endpoint: 'http://kms.invalid', maxAttempts: 2 }).send(
      command,
    ),
  'no credentials': (command, { clientConfig }) => {
    const credentials = async () => {
      throw Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
    }
    return new KMSClient({ ...clientConfig, credentials }).send(command)
  },
}

for (const [name, fail] of Object.entries(madeNothing))
  test(`${name} of CreateKey is no lost answer: the count stays, and the next run need not wait`, async (t) => {
    const one = await rotatingCompany(t, [claims])
    await loseAnswer(one)
    const kms = kmsThrough(one.client, async (command, send) =>
      command instanceof CreateKeyCommand ? fail(command, one.local) : send(),
    )
    const before = one.store.now().keys
    for (let run = 0; run < 4; run++) {
      await one.apply({ kms }).then(
        () => assert.fail('it was refused'),
        (error) => assert.notEqual(error.code, 'conflict'),
      )
      assert.deepEqual(one.store.now().keys, before)
    }
    await one.apply()
    assert.include(one.states(), 'claims current')
  })

test('a connection that fails after CreateKey was sent is a lost answer, whatever the network calls it', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const kms = kmsThrough(one.client, async (command, send) => {
    const answer = await send()
    if (!(command instanceof CreateKeyCommand)) return answer
    throw Object.assign(new Error('no route'), { code: 'EHOSTUNREACH', syscall: 'read' })
  })
  await fails(assert, one.apply({ kms }), 'kms_unavailable')
  one.clock.at += 30 * minute
  await fails(assert, one.apply({ kms }), 'kms_unavailable')
  assert.equal(one.store.now().keys.find(({ state }) => state === 'making')?.lost, 1)
})

test('an answer that was lost stays lost where the client has no credentials to ask again', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const { clientConfig, faults } = one.local
  const kms = kmsThrough(one.client, async (command, send) => {
    if (!(command instanceof CreateKeyCommand)) return send()
    let sent = false
    const credentials = async () => {
      if (sent) throw Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
      return { ...clientConfig.credentials, expiration: new Date() }
    }
    command.middlewareStack.add((next) => (args) => next(args).finally(() => (sent = true)), {
      step: 'deserialize',
      name: 'noticed',
    })
    return new KMSClient({ ...clientConfig, credentials, maxAttempts: 2 }).send(command)
  })
  for (const lost of [undefined, 1]) {
    faults.add({ kind: 'reset', operation: 'CreateKey', count: 1 })
    await fails(assert, one.apply({ kms }), 'kms_unavailable')
    assert.equal(one.store.now().keys.find(({ state }) => state === 'making')?.lost, lost)
    one.clock.at += 30 * minute
  }
})

test('a run that is aborted takes nothing back, whatever it was aborted with', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const refusal = Object.assign(new Error('no'), { $metadata: { httpStatusCode: 400 } })
  for (const [lost, reason] of [new Error('stop', { cause: refusal }), null].entries()) {
    const controller = new AbortController()
    const kms = kmsThrough(one.client, async (command, send) => {
      const answer = await send()
      if (!(command instanceof CreateKeyCommand)) return answer
      controller.abort(reason)
      throw new Error('aborted')
    })
    const error = await one.apply({ kms, signal: controller.signal }).then(
      () => assert.fail('it was aborted'),
      (cause) => cause,
    )
    assert.equal(error, reason)
    const making = one.store.now().keys.find(({ state }) => state === 'making')
    assert.equal(present(making).lost ?? 0, lost)
    one.clock.at += 30 * minute
  }
})

test('what applyRotation answers of keys that may be left over is what the doctor says', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const lost = await loseAnswer(one)
  const { orphans } = await one.apply()
  const [orphan, ...others] = present(orphans)
  assert.deepEqual(others, [])
  assert.deepEqual([orphan.arn, orphan.purpose], [lost, 'claims'])
  assert.instanceOf(orphan.created, Date)
  const { ok, advice = '' } = await saidBy(one)
  assert.isTrue(ok)
  assert.match(advice, /^look in CloudTrail/)
  assert.include(advice, lost)
  assert.notMatch(advice, /delet/i)
})

test('a key that an alias names, that was used, that goes, or that says another purpose is none', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const { client } = one
  await one.run(2)
  const aliased = await lookalike(client)
  await client.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: aliased }))
  const used = await lookalike(client)
  await client.send(
    new SignCommand({
      KeyId: used,
      Message: new Uint8Array(3),
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
  )
  const going = await lookalike(client)
  await client.send(new ScheduleKeyDeletionCommand({ KeyId: going }))
  await lookalike(client, { Description: `sealdrop others ${'A'.repeat(22)}` })
  await lookalike(client, { Description: `sealdrop claims ${'A'.repeat(21)}` })
  assert.deepEqual(await saidBy(one), { check, ok: true })
  const left = await lookalike(client)
  assert.include((await saidBy(one)).advice, left)
})

test('twenty keys that may be left over are told at most', async (t) => {
  const one = await rotatingCompany(t, [claims])
  for (let i = 0; i < 23; i++) await lookalike(one.client)
  const { advice = '' } = await saidBy(one)
  assert.lengthOf(advice.match(/arn:aws:kms/g) ?? [], 20)
})

test('who may not list keys is told so where an answer was lost, and a rotation of theirs goes on', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await loseAnswer(one)
  const kms = kmsThrough(one.client, async (command, send) => {
    if (command instanceof ListKeysCommand)
      throw Object.assign(new Error('not authorized'), {
        name: 'AccessDeniedException',
        $metadata: { httpStatusCode: 400 },
      })
    return send()
  })
  const { ok, advice = '' } = await saidBy(one, { kms })
  assert.isTrue(ok)
  assert.match(advice, /cannot be told from here/)
  const { orphans } = await one.apply({ kms })
  assert.isUndefined(orphans)
  const { local, store, now } = one
  const checks = (findings) => findings.map((finding) => finding.check)
  assert.notInclude(checks(await doctor({ kms, store, now })), check)
  assert.include(checks(await doctor({ kms: local.clientConfig, store, now })), check)
})

const replicated = {
  ...claims,
  alias: 'arn:aws:kms:us-east-1:111122223333:alias/claims',
  replicas: ['eu-west-1'],
}

/** Somebody replicates each key as soon as it is there. */
function replicatedFirst(one, change) {
  return kmsThrough(one.client, async (command, send) => {
    const answer = await send()
    if (command instanceof CreateKeyCommand) await change(present(answer.KeyMetadata).Arn)
    return answer
  })
}

/** How the replica differs, how it is made so, and whether it is taken. */
const differences = /** @type {const} */ ([
  ['as it would have been made', async () => {}, true],
  [
    'with a grant',
    async ({ there }, arn) => {
      const GranteePrincipal = 'arn:aws:iam::111122223333:user/mallory'
      await there.send(
        new CreateGrantCommand({
          KeyId: arn,
          GranteePrincipal,
          Operations: ['DeriveSharedSecret'],
        }),
      )
    },
    false,
  ],
  [
    'with tags of another',
    async ({ there }, arn) => {
      const Tags = [{ TagKey: 'team', TagValue: 'mallory' }]
      await there.send(new TagResourceCommand({ KeyId: arn, Tags }))
    },
    false,
  ],
  [
    'with another key policy',
    async ({ there }, arn) => {
      const { Policy = '' } = await there.send(new GetKeyPolicyCommand({ KeyId: arn }))
      const policy = JSON.parse(Policy)
      const [statement] = policy.Statement
      policy.Statement.push({ ...statement, Sid: 'Mine' })
      await there.send(new PutKeyPolicyCommand({ KeyId: arn, Policy: JSON.stringify(policy) }))
    },
    false,
  ],
])
for (const [what, change, isTaken] of differences) {
  test(`a replica that is there already ${what} is ${isTaken ? 'taken' : 'a conflict'}`, async (t) => {
    const one = await rotatingCompany(t, [replicated])
    const kms = replicatedFirst(one, async (arn) => {
      const input = { KeyId: arn, ReplicaRegion: 'eu-west-1' }
      await one.client.send(new ReplicateKeyCommand(input))
      await change(one, arn.replace('us-east-1', 'eu-west-1'))
    })
    const regions = (region) => (region === 'eu-west-1' ? one.there : kms)
    const run = one.apply({ kms: regions })
    if (!isTaken) {
      await fails(
        assert,
        run,
        'conflict',
        /is there already, with grants, or another key policy or tags/,
      )
      assert.notInclude(one.states(), 'claims current')
      return
    }
    await run
    assert.lengthOf(one.keyOf('current').arns, 2)
  })
}
