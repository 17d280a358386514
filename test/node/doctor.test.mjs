// doctor on a healthy set-up, and on broken ones, each with what it says: real KMS calls as a
// principal that may do just what a company does, a real host.
import test from 'node:test'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DisableKeyCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createPublisher, doctor, fileInventory } from 'sealdrop/kms'
import { keySetHandler } from 'sealdrop/serve'
import {
  account,
  allow,
  company as companyOf,
  companyArn,
  headers,
  hour,
  said,
} from '../support/company.mjs'
import { fails } from '../support/host.js'

/** One that opens and signs where it publishes. */
async function company(t) {
  const one = await companyOf(t)
  return { ...one, examine: (o = {}) => one.examine({ roles: ['opener', 'signer'], ...o }) }
}

test('a healthy set-up: every check is ok, without a warning', async (t) => {
  const { examine, local, store } = await company(t)
  const findings = await examine()
  t.diagnostic(`\n${said(findings)}`)
  assert.isTrue(
    findings.every(({ ok, advice }) => ok && advice === undefined),
    said(findings),
  )
  const checks = findings.map(({ check }) => check)
  assert.equal(new Set(checks).size, checks.length)
  for (const expected of [
    /^inventory: can be read$/,
    /^key set: reachable$/,
    /^key set: content type$/,
    /^key set: CORS$/,
    /^key set: Vary$/,
    /^key set: signed by a root$/,
    /^key set: fresh$/,
    /^key set: usable$/,
    /^key set: has the keys/,
    /^key set: cache$/,
    /^clock: agrees with the host/,
    /^clock: agrees with KMS$/,
    /^root: is there/,
    /^root: pages know it$/,
    /^publisher: may Sign with ECDSA_SHA_256/,
    /^claims: current key/,
    /^claims: next key/,
    /^receipts: current key/,
    /^alias\/claims in us-east-1: names the current key$/,
    /^opener: may Decrypt with RSAES_OAEP_SHA_256/,
    /^opener: may not Decrypt with RSAES_OAEP_SHA_1 /,
    /^opener: may DeriveSharedSecret with ECDH/,
    /^signer: may Sign with RSASSA_PSS_SHA_256/,
    /^signer: may not Sign with RSASSA_PKCS1_V1_5_SHA_256/,
    /^rotation: nothing is due$/,
  ]) {
    assert.isTrue(
      checks.some((check) => expected.test(check)),
      `${expected}\n${checks.join('\n')}`,
    )
  }
  const before = JSON.stringify(await store.read())
  const calls = local.faults.list() // nothing was injected: what it says is what KMS says
  assert.deepEqual(calls, [])
  await examine()
  assert.equal(JSON.stringify(await store.read()), before, 'a doctor changes nothing')
})

const signedAgo = (one, ago, o = {}) => {
  const publisher = createPublisher({
    kms: one.kms,
    keys: one.store,
    root: 'alias/root',
    ...o,
    now: () => Date.now() - ago,
  })
  return async (request) => {
    const documents = await publisher.documents()
    return keySetHandler({
      documents: async () => ({ ...documents, expires: new Date(Date.now() + hour) }),
    })(request)
  }
}

/** How it is broken; which checks are not ok, and what one of them says. */
const broken = {
  'set expired': [
    async (one) => {
      one.host.handler = signedAgo(one, 25 * hour)
    },
    ['key set: fresh'],
    /expired at .*Is the publisher running, and may it sign/,
  ],
  'set unsigned': [
    async (one) => {
      one.host.handler = keySetHandler(createPublisher({ keys: one.store }))
    },
    ['key set: content type', 'key set: signed by a root'],
    /keys_untrusted: .*not signed/,
  ],
  'wrong root': [
    async (one) => {
      one.host.handler = keySetHandler(
        createPublisher({ kms: one.local.clientConfig, keys: one.store, root: 'alias/other-root' }),
      )
    },
    ['key set: signed by a root'],
    /keys_untrusted: .*none of the roots/,
  ],
  'wrong content type': [
    async (one) => {
      one.host.change = headers((h) => h.set('content-type', 'application/octet-stream'))
    },
    ['key set: content type'],
    /expected application\/jwk-set\+jwt, found application\/octet-stream/,
  ],
  'CORS missing': [
    async (one) => {
      one.host.change = headers((h) => h.delete('access-control-allow-origin'))
    },
    ['key set: CORS'],
    /Access-Control-Allow-Origin: \*, found none/,
  ],
  'cache too long for exp': [
    async (one) => {
      one.host.change = headers((h) => h.set('cache-control', 'public, max-age=604800'))
    },
    ['key set: cache'],
    /keep it for 604800 s, but it expires in \d+ s.*max-age=300/,
  ],
  'alias moved by hand': [
    async (one) => {
      await one.admin.send(
        new UpdateAliasCommand({
          AliasName: 'alias/claims',
          TargetKeyId: (await one.keyOf('claims', 'next')).arns[0],
        }),
      )
    },
    [/^alias\/claims in us-east-1: names the current key/],
    /the next key .*aws kms update-alias --alias-name alias\/claims --target-key-id arn:\S+ --region us-east-1/,
  ],
  'key disabled': [
    async (one) => {
      await one.admin.send(
        new DisableKeyCommand({ KeyId: (await one.keyOf('notes', 'current')).arns[0] }),
      )
    },
    [/^notes: current key/],
    /it is Disabled in KMS: nothing that was sealed to it opens.*aws kms enable-key/,
  ],
  'key pending deletion': [
    async (one) => {
      await one.admin.send(
        new ScheduleKeyDeletionCommand({
          KeyId: (await one.keyOf('receipts', 'current')).arns[0],
          PendingWindowInDays: 7,
        }),
      )
    },
    [/^receipts: current key/],
    /pending deletion, for good at .*nothing is signed with it.*aws kms cancel-key-deletion --key-id arn:\S+ --region us-east-1, then aws kms enable-key/,
  ],
  'opener without Decrypt': [
    async (one) => {
      for (const state of ['current', 'next'])
        await one.admin.send(
          new PutKeyPolicyCommand({
            KeyId: (await one.keyOf('claims', state)).arns[0],
            PolicyName: 'default',
            Policy: JSON.stringify({
              Version: '2012-10-17',
              Statement: [
                { ...allow('kms:*'), Principal: { AWS: `arn:aws:iam::${account}:root` } },
                {
                  Effect: 'Deny',
                  Principal: { AWS: companyArn },
                  Action: 'kms:Decrypt',
                  Resource: '*',
                },
              ],
            }),
          }),
        )
    },
    [
      /^opener: may Decrypt with RSAES_OAEP_SHA_256/,
      /^opener: may Decrypt with RSAES_OAEP_SHA_256/,
    ],
    /KMS denies it.*kms:Decrypt; keyPolicy\({ role: 'opener'/,
  ],
  'signer with the wrong algorithm allowed': [
    async (one) => {
      await one.admin.send(
        new PutKeyPolicyCommand({
          KeyId: (await one.keyOf('receipts', 'current')).arns[0],
          PolicyName: 'default',
          Policy: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              { ...allow('kms:*'), Principal: { AWS: `arn:aws:iam::${account}:root` } },
              {
                ...allow('kms:Sign', {
                  StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' },
                }),
                Principal: { AWS: companyArn },
              },
            ],
          }),
        }),
      )
    },
    [/^signer: may not Sign with RSASSA_PKCS1_V1_5_SHA_256/],
    /KMS allows it, which nobody needs.*keyPolicy\({ role: 'signer'/,
  ],
  'clock off by an hour': [
    async () => ({ now: () => Date.now() + hour }),
    ['clock: agrees with the host of the key set', 'clock: agrees with KMS'],
    /360\d s ahead.*NTP/,
  ],

  // and others that happen
  'host down': [
    async (one) => {
      await one.server.close()
    },
    ['key set: reachable'],
    /no connection/,
  ],
  'a page that says not found': [
    async (one) => {
      one.host.handler = async () => new Response('<html>', { status: 404 })
    },
    ['key set: reachable'],
    /found status 404/,
  ],
  'a host that is behind the inventory': [
    async (one) => {
      const { inventory } = await one.store.read()
      one.host.handler = keySetHandler(
        createPublisher({
          kms: one.kms,
          root: 'alias/root',
          keys: {
            read: async () => ({
              inventory: {
                ...inventory,
                keys: inventory.keys.filter(({ purpose }) => purpose !== 'notes'),
              },
              etag: '1',
            }),
          },
        }),
      )
    },
    ['key set: has the keys of the inventory'],
    /it lacks [\w-]{43}: the publisher or a cache is behind/,
  ],
  'another name': [
    async () => ({ name: 'other' }),
    ['key set: signed by a root'],
    /is named "default", expected "other"/,
  ],
  'an inventory without its file': [
    async () => ({ store: fileInventory(join(tmpdir(), 'sealdrop-nowhere')) }),
    ['inventory: can be read'],
    /there is no inventory yet/,
  ],
  'a root that is an encryption key': [
    async () => ({ root: 'alias/claims' }),
    [/^root: is there and signs/],
    /it encrypts; a root is a key with the usage SIGN_VERIFY/,
  ],
  'a root that pages do not know': [
    async () => ({ root: 'alias/other-root' }),
    ['root: pages know it'],
    /pages with both come first/,
  ],
  'a root that must not sign': [
    async (one) => {
      await one.admin.send(
        new PutKeyPolicyCommand({
          KeyId: one.local.keys['alias/root'],
          PolicyName: 'default',
          Policy: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              { ...allow('kms:*'), Principal: { AWS: `arn:aws:iam::${account}:root` } },
              { Effect: 'Deny', Principal: { AWS: companyArn }, Action: 'kms:Sign', Resource: '*' },
            ],
          }),
        }),
      )
    },
    [/^publisher: may Sign/],
    /KMS denies it.*keyPolicy\({ role: 'signer'/,
  ],
  'nobody rotates': [
    async () => ({ every: 'P1D' }),
    ['rotation: nothing is due'],
    /activate claims.*Does anything run planRotation and applyRotation/,
  ],
  'a key that is disabled in the inventory only': [
    async (one) => {
      const { inventory, etag } = await one.store.read()
      await one.store.write(
        {
          ...inventory,
          counter: inventory.counter + 1,
          keys: inventory.keys.map((key) =>
            key.purpose === 'claims' && key.state === 'next'
              ? {
                  ...key,
                  state: 'deleting',
                  retired: key.made,
                  deletes: new Date(Date.now() + hour).toISOString(),
                }
              : key,
          ),
        },
        etag,
      )
    },
    [/^claims: deleting key/],
    /the inventory says deleting, KMS Enabled: somebody cancelled it. Run restoreKey/,
  ],
}
for (const [what, [spoil, expected, advice]] of Object.entries(broken)) {
  test(`broken: ${what}`, async (t) => {
    const one = await company(t)
    if (!['set expired', 'set unsigned', 'wrong root'].includes(what))
      assert.isTrue(
        (await one.examine()).every(({ ok }) => ok),
        'healthy before',
      )
    const o = await spoil(one)
    const findings = await one.examine(o)
    const wrong = findings.filter(({ ok }) => !ok)
    t.diagnostic(`\n${said(wrong)}`)
    assert.deepEqual(
      wrong.map(({ check }, i) =>
        expected[i] instanceof RegExp ? expected[i].test(check) && expected[i] : check,
      ),
      expected,
      said(wrong),
    )
    assert.match(said(wrong), advice)
  })
}

test('warnings: a set of which half of its life is over, no Cache-Control, a set without roots, a key that is deleted on purpose, a rotation that has just come due', async (t) => {
  const one = await company(t)
  const warnings = async (o) => {
    const found = await one.examine(o)
    assert.isTrue(
      found.every(({ ok }) => ok),
      said(found),
    )
    return said(found.filter(({ advice }) => advice))
  }
  const { handler } = one.host
  one.host.handler = signedAgo(one, 13 * hour)
  assert.match(
    await warnings(),
    /^warning key set: fresh: 54 % of its life are over, it expires at .*may it sign with the root\?$/,
  )
  one.host.handler = handler
  one.host.change = headers((h) => h.delete('cache-control'))
  assert.match(await warnings(), /^warning key set: cache: no Cache-Control/)
  one.host.change = headers((h) => h.set('cache-control', 'max-age=50000'))
  assert.match(
    await warnings(),
    /^warning key set: cache: caches keep it for 50000 s, more than half/,
  )
  one.host.change = headers((h) => h.delete('vary'))
  assert.match(await warnings(), /^warning key set: Vary/)
  one.host.change = (response) => response
  assert.match(
    await warnings({ roots: undefined, root: undefined }),
    /^warning key set: signed by a root: not looked at/,
  )
  assert.match(
    await warnings({ roots: undefined }),
    /^$/,
    'the root itself says what its public half is',
  )
  const { inventory } = await one.store.read()
  const due = new Date(
    Math.min(
      ...inventory.keys
        .filter(({ state, purpose }) => state === 'current' && purpose === 'claims')
        .map(({ starts }) => Date.parse(starts)),
    ),
  )
  const every = `P${Math.floor((Date.now() - due.getTime()) / (24 * hour))}D`
  assert.match(
    await warnings({ every }),
    /^warning rotation: nothing is due: run planRotation and applyRotation: activate/,
  )
})

test('who may not look is told so; who opens is not asked to sign', async (t) => {
  const one = await company(t)
  const deny = {
    Effect: 'Deny',
    Principal: { AWS: companyArn },
    Action: 'kms:DescribeKey',
    Resource: '*',
  }
  await one.admin.send(
    new PutKeyPolicyCommand({
      KeyId: (await one.keyOf('claims', 'current')).arns[0],
      PolicyName: 'default',
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { ...allow('kms:*'), Principal: { AWS: `arn:aws:iam::${account}:root` } },
          deny,
        ],
      }),
    }),
  )
  const findings = await one.examine({ roles: ['opener'] })
  assert.isTrue(
    findings.every(({ ok }) => ok),
    said(findings),
  )
  assert.match(
    said(findings),
    /warning claims: current key .*kms:DescribeKey: run doctor as the administrator/,
  )
  assert.match(said(findings), /ok opener: may Decrypt with RSAES_OAEP_SHA_256/)
  assert.notMatch(said(findings), /signer:/)
})

test('KMS that is down is a finding, wrong arguments are invalid_argument, an abort is one', async (t) => {
  const one = await company(t)
  one.local.faults.add({ kind: 'region-down', region: 'us-east-1' })
  const wrong = (await one.examine({ kms: { ...one.kms, maxAttempts: 1 } })).filter(({ ok }) => !ok)
  assert.isAbove(wrong.length, 5)
  assert.isTrue(
    wrong.every(({ check, advice }) =>
      (check === 'key set: reachable' ? /status 503/ : /could not be reached/).test(advice),
    ),
    said(wrong),
  )
  for (const [bad, why] of [
    [undefined, /expected keySetUrl/],
    [{}, /expected keySetUrl/],
    [{ keySetUrl: 'keys' }, /keySetUrl/],
    [{ keySetUrl: 'http://keys.example/' }, /https/],
    [{ store: {} }, /store/],
    [{ root: 'alias/root', roles: ['administrator'] }, /roles/],
    [{ store: one.store, every: 'often' }, /every/],
  ])
    await fails(assert, doctor(bad), 'invalid_argument', why)
  const reason = new Error('mine')
  assert.equal(
    await one.examine({ signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  )
})
