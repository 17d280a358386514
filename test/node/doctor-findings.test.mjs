// doctor on set-ups that are broken, each with what it says.
import test from 'node:test'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DisableKeyCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createPublisher, fileInventory } from 'sealdrop/kms'
import { keySetHandler } from 'sealdrop/serve'
import { allow, companyArn, headers, hour, said } from '../support/company.mjs'
import { changedKeys, denied, examinedCompany, signedAgo } from '../support/examined-company.mjs'

/** @import { DoctorOptions } from 'sealdrop/kms' */
/** @typedef {Awaited<ReturnType<typeof examinedCompany>>} Company */

/** Serves what a publisher publishes. */
const publish = (o) => keySetHandler(createPublisher(o))
/** What a host that is behind has of the inventory: no notes. */
const behind = async (/** @type {Company} */ { inventory }) => {
  const found = await inventory()
  const keys = found.keys.filter(({ purpose }) => purpose !== 'notes')
  return { read: async () => ({ inventory: { ...found, keys }, etag: '1' }) }
}

/**
 * How it is broken, which may answer other options for doctor; which checks are not ok, and what
 * one of them says.
 *
 * @typedef {(one: Company) => Promise<DoctorOptions | void>} Spoil
 * @type {Record<string, [spoil: Spoil, checks: (string | RegExp)[], advice: RegExp]>}
 */
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
      one.host.handler = publish({ keys: one.store })
    },
    ['key set: content type', 'key set: signed by a root'],
    /keys_untrusted: .*not signed/,
  ],
  'wrong root': [
    async (one) => {
      const kms = one.local.clientConfig
      one.host.handler = publish({ kms, keys: one.store, root: 'alias/other-root' })
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
      const TargetKeyId = await one.arnOf('claims', 'next')
      await one.admin.send(new UpdateAliasCommand({ AliasName: 'alias/claims', TargetKeyId }))
    },
    [/^alias\/claims in us-east-1: names the current key/],
    /the next key .*aws kms update-alias --alias-name alias\/claims --target-key-id arn:\S+ --region us-east-1/,
  ],
  'key disabled': [
    async (one) => {
      const KeyId = await one.arnOf('notes', 'current')
      await one.admin.send(new DisableKeyCommand({ KeyId }))
    },
    [/^notes: current key/],
    /it is Disabled in KMS: nothing that was sealed to it opens.*aws kms enable-key/,
  ],
  'key pending deletion': [
    async (one) => {
      const KeyId = await one.arnOf('receipts', 'current')
      await one.admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    },
    [/^receipts: current key/],
    /pending deletion, for good at .*nothing is signed with it.*aws kms cancel-key-deletion --key-id arn:\S+ --region us-east-1, then aws kms enable-key/,
  ],
  'opener without Decrypt': [
    async (one) => {
      for (const state of ['current', 'next'])
        await one.restrict(await one.arnOf('claims', state), denied('kms:Decrypt'))
    },
    [
      /^opener: may Decrypt with RSAES_OAEP_SHA_256/,
      /^opener: may Decrypt with RSAES_OAEP_SHA_256/,
    ],
    /KMS denies it.*kms:Decrypt; keyPolicy\({ role: 'opener'/,
  ],
  'signer with the wrong algorithm allowed': [
    async (one) => {
      const signs = allow('kms:Sign', {
        StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' },
      })
      const KeyId = await one.arnOf('receipts', 'current')
      await one.restrict(KeyId, { ...signs, Principal: { AWS: companyArn } })
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
      one.host.handler = publish({ kms: one.kms, root: 'alias/root', keys: await behind(one) })
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
      await one.restrict(one.local.keys['alias/root'], denied('kms:Sign'))
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
      const deletes = new Date(Date.now() + hour).toISOString()
      await one.edit((inventory) =>
        changedKeys(
          inventory,
          ({ purpose, state }) => purpose === 'claims' && state === 'next',
          ({ made }) => ({ state: 'deleting', retired: made, deletes }),
        ),
      )
    },
    [/^claims: deleting key/],
    /the inventory says deleting, KMS Enabled: somebody cancelled it. Run restoreKey/,
  ],
}
for (const [what, [spoil, expected, advice]] of Object.entries(broken)) {
  test(`broken: ${what}`, async (t) => {
    const one = await examinedCompany(t)
    if (!['set expired', 'set unsigned', 'wrong root'].includes(what))
      assert.isTrue(
        (await one.examine()).every(({ ok }) => ok),
        'healthy before',
      )
    const o = await spoil(one)
    const findings = await one.examine(o ?? {})
    const wrong = findings.filter(({ ok }) => !ok)
    t.diagnostic(`\n${said(wrong)}`)
    /** What was expected in this place where it fits, else the check. */
    const told = ({ check }, i) => {
      const pattern = expected[i]
      return pattern instanceof RegExp && pattern.test(check) ? pattern : check
    }
    assert.deepEqual(wrong.map(told), expected, said(wrong))
    assert.match(said(wrong), advice)
  })
}
