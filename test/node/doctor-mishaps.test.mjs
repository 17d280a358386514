// doctor: no false alarms in healthy set-ups, no illness missed, no advice that is wrong. An
// adversarial reader's cases.
import test from 'node:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { applyRotation, createPublisher, doctor, fileInventory, planRotation } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { headers, hour, said } from '../support/company.mjs'
import { changedKeys, examinedCompany } from '../support/examined-company.mjs'
import { claims, emptyInventory, receipts } from '../support/inventories.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { listeningPort, present, wrong } from '../support/types.mjs'

/** @import { Purpose } from 'sealdrop/kms' */
/** @import { LocalKmsOptions } from 'sealdrop/local-kms' */

/** A company that says nothing of roles to its doctor. */
const company = (t) => examinedCompany(t, {})
const notes = { ...claims, name: 'notes', alias: 'alias/notes' }
/** Credentials that KMS does not take. */
const expired = () => ({ accessKeyId: 'LOCALCOMPANY', secretAccessKey: 'not-the-secret' })

/**
 * A local KMS, and an inventory in files with these purposes.
 *
 * @param {any} t
 * @param {readonly Purpose[]} purposes
 * @param {LocalKmsOptions} o
 */
async function newcomer(t, purposes, o = {}) {
  const local = await startLocalKms(o)
  t.after(() => local.close())
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-doctor-'))
  t.after(() => rm(dir, { recursive: true }))
  const store = fileInventory(dir)
  await store.write(emptyInventory(...purposes))
  const kms = local.clientConfig
  return { kms, store }
}
/** Does what is due in an inventory, some hours ago. */
async function rotate({ kms, store }, { every = 'P1Y', ago = 0 } = {}) {
  const now = () => Date.now() - ago * hour
  const { inventory } = present(await store.read())
  const plan = planRotation(inventory, { now: new Date(now()), every })
  return (await applyRotation(plan, { kms, store, now })).done
}
/** What the doctor finds, also where it refuses what it is asked. */
const findingsOf = (examined) =>
  examined.catch((error) => [{ check: error.code, ok: false, advice: error.message }])

const wrongOf = (findings) => findings.filter(({ ok }) => !ok)
const healthy = async (t, findings) => {
  t.diagnostic(said(findings.filter(({ ok, advice }) => !ok || advice)))
  assert.deepEqual(
    wrongOf(findings).map(({ check }) => check),
    [],
  )
}

test('the publisher of the README, with the permissions of a publisher, is healthy', async (t) => {
  const one = await company(t)
  const kms = {
    ...one.local.clientConfig,
    credentials: { accessKeyId: 'LOCALPUBLISHER', secretAccessKey: 'publisher-secret' },
  }
  await healthy(t, await one.examine({ kms }))
})

test('the same, by an administrator with kms:*', async (t) => {
  const one = await company(t)
  await healthy(t, await one.examine({ kms: one.local.clientConfig }))
})

test('the first 49 hours of the purposes of the README are healthy', async (t) => {
  const one = await newcomer(t, [notes, { ...receipts, spec: 'RSA_2048' }])
  await rotate(one)
  assert.deepEqual(await rotate(one), [], 'nothing is due')
  await healthy(t, await doctor({ ...one, roles: ['opener'] }))
})

test('a set of signing keys only, as a page sees it', async (t) => {
  const one = await company(t)
  one.host.handler = keySetHandler(
    createPublisher({ kms: one.kms, root: 'alias/root', keys: [{ key: 'alias/receipts' }] }),
  )
  await healthy(t, await doctor({ keySetUrl: one.server.url, roots: [one.root] }))
})

test('a CDN that says its own Date, and Age', async (t) => {
  const one = await company(t)
  one.host.change = headers((h) => {
    h.set('date', new Date().toUTCString())
    h.set('age', '200')
  })
  await healthy(t, await doctor({ keySetUrl: one.server.url, roots: [one.root] }))
})

test('just after a rotation', async (t) => {
  const one = await company(t)
  await healthy(t, await one.examine({ roles: ['opener'] }))
  const admin = { kms: one.local.clientConfig, store: one.store }
  assert.isNotEmpty(await rotate(admin, { every: 'P2D' }))
  await healthy(t, await one.examine({ roles: ['opener'] }))
})

test('credentials that have expired are named, not policies; and nothing is ok by it', async (t) => {
  const one = await company(t)
  const findings = await doctor({
    store: one.store,
    kms: { ...one.kms, credentials: expired() },
  })
  assert.match(said(wrongOf(findings)), /credentials are missing/)
})

test('with roles [] (an administrator): exit code 0', async (t) => {
  const one = await company(t)
  const findings = await doctor({
    store: one.store,
    roles: [],
    kms: { ...one.kms, credentials: expired() },
  })
  assert.isAbove(wrongOf(findings).length, 0)
})

test('KMS that never answers', { timeout: 100_000 }, async (t) => {
  const one = await company(t)
  /** @type {import('node:net').Socket[]} */
  const sockets = []
  const hole = createServer((socket) => {
    sockets.push(socket)
  })
  hole.listen(0, '127.0.0.1')
  await once(hole, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    hole.close()
  })
  const endpoint = `http://127.0.0.1:${listeningPort(hole)}`
  const done = await Promise.race([
    doctor({ root: 'alias/root', kms: { ...one.kms, maxAttempts: 1, endpoint } }),
    new Promise((resolve) => {
      setTimeout(resolve, 60_000, 'hangs')
    }),
  ])
  assert.notEqual(done, 'hangs')
})

test('deletion that was cancelled by hand, after its date', async (t) => {
  const one = await company(t)
  const next = present(await one.keyOf('claims', 'next'))
  const deletes = new Date(Date.now() - hour).toISOString()
  await one.edit((inventory) =>
    changedKeys(
      inventory,
      ({ token }) => token === next.token,
      ({ made }) => ({ state: 'deleting', retired: made, deletes }),
    ),
  )
  const findings = await one.examine()
  assert.match(said(findings), new RegExp(`NOT OK.*${next.thumbprint}`))
})

test('commands for a key of another Region', async (t) => {
  const one = await company(t)
  const there = new KMSClient({ ...one.local.clientConfig, region: 'eu-west-1' })
  const { KeyMetadata } = await there.send(
    new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }),
  )
  const arn = present(KeyMetadata?.Arn)
  await there.send(new DisableKeyCommand({ KeyId: arn }))
  await one.edit((inventory) =>
    changedKeys(
      inventory,
      ({ purpose, state }) => purpose === 'claims' && state === 'next',
      () => ({ arns: [arn] }),
    ),
  )
  const findings = await one.examine()
  const said1 = said(wrongOf(findings))
  t.diagnostic(said1)
  t.diagnostic(
    await one.admin.send(new EnableKeyCommand({ KeyId: arn })).then(
      () => 'enabled',
      (error) => `${error.name}: ${error.message}`,
    ),
  ) // what the command does where AWS_REGION is us-east-1
  assert.match(said1, /enable-key --key-id \S+ --region eu-west-1/)
})

for (const state of ['Updating', 'Creating', 'PendingImport', 'Unavailable'])
  test(`a key that is ${state} in KMS: no advice to enable it`, async (t) => {
    const one = await company(t)
    const arn = await one.arnOf('claims', 'current')
    const kms = kmsThrough(new KMSClient(one.kms), async (command, send) => {
      const answer = await send()
      if (command instanceof DescribeKeyCommand && answer.KeyMetadata.Arn === arn)
        answer.KeyMetadata.KeyState = state
      return answer
    })
    const findings = await one.examine({ kms })
    assert.notMatch(said(wrongOf(findings)), /enable-key|DisableKey/)
  })

test('alias removed altogether: what to do', async (t) => {
  const one = await company(t)
  await one.admin.send(new DeleteAliasCommand({ AliasName: 'alias/claims' }))
  const f = wrongOf(await one.examine())
  assert.match(said(f), /create-alias/)
})

test('alias moved to a key of another usage: the command works', async (t) => {
  const one = await company(t)
  await one.admin.send(new DeleteAliasCommand({ AliasName: 'alias/claims' }))
  const AliasName = 'alias/claims'
  const other = await one.arnOf('notes', 'current')
  await one.admin.send(new CreateAliasCommand({ AliasName, TargetKeyId: other }))
  const f = wrongOf(await one.examine())
  const own = await one.arnOf('claims', 'current')
  t.diagnostic(
    await one.admin.send(new UpdateAliasCommand({ AliasName, TargetKeyId: own })).then(
      () => 'moved',
      (error) => `${error.name} ${error.message}`,
    ),
  )
  assert.notMatch(said(f), /update-alias/)
})

test('hand-written: current key, alias of another account is a finding', async (t) => {
  const one = await company(t)
  const inventory = await one.inventory()
  const alias = 'arn:aws:kms:us-east-1:999999999999:alias/claims'
  const purposes = inventory.purposes.map((purpose) =>
    purpose.name === 'claims' ? { ...purpose, alias } : purpose,
  )
  const keys = inventory.keys.map(({ alias: _alias, ...key }) => key)
  const store = {
    read: async () => ({ etag: '1', inventory: { ...inventory, purposes, keys } }),
    write: async () => assert.fail('a doctor writes nothing'),
  }
  const f = await one.examine({ store })
  assert.match(said(wrongOf(f)), /of another account than the key/)
})

test('a store or client of the user that throws an error of its own is a finding', async (t) => {
  const one = await company(t)
  const store = {
    read: async () => {
      throw new Error('ECONNRESET my store')
    },
    write: async () => assert.fail('a doctor writes nothing'),
  }
  const f = await one.examine({ store })
  assert.match(
    said(wrongOf(f)),
    /^NOT OK inventory: can be read: failed: Error: ECONNRESET my store/m,
  )
})

test('a purpose edited a minute ago', async (t) => {
  const one = await company(t)
  await one.edit(({ purposes }) => ({
    purposes: purposes.map((purpose) =>
      purpose.name === 'notes' ? { ...purpose, spec: 'ECC_NIST_P384' } : purpose,
    ),
  }))
  await healthy(t, await one.examine())
})

test('a next key that somebody disabled and that a rotation set aside', async (t) => {
  const one = await company(t)
  await one.admin.send(new DisableKeyCommand({ KeyId: await one.arnOf('notes', 'next') }))
  const admin = { kms: one.local.clientConfig, store: one.store }
  for (let i = 0; i < 3; i++) await rotate(admin, { every: 'P5D' })
  await healthy(t, await one.examine({ every: 'P5D' }))
})

test('empty roots', async (t) => {
  const one = await company(t)
  one.host.handler = keySetHandler(createPublisher({ keys: one.store }))
  const f = await findingsOf(doctor({ keySetUrl: one.server.url, roots: [] }))
  assert.isAbove(wrongOf(f).length, 0)
})

for (const roots of [[null], [5], [{}], 'x', [{ kty: 'EC' }]])
  test(`refused: roots ${JSON.stringify(roots)}`, async (t) => {
    const one = await company(t)
    for (const o of [{ keySetUrl: one.server.url }, { root: 'alias/root', kms: one.kms }]) {
      const found = await doctor({ ...o, roots: wrong(roots) }).then(
        said,
        (error) => `${error.name} ${error.code}`,
      )
      assert.match(
        found,
        /^SealdropError (invalid_argument|unsupported_algorithm|keys_malformed)$|^NOT OK /m,
      )
    }
  })

const unreachable = async () => {
  throw new TypeError('x')
}
test('a token in the query', async (t) => {
  const one = await company(t)
  for (const bad of [
    'https://keys.example/?token=s3cret',
    'http://keys.example/?token=s3cret',
    one.server.url + '?token=s3cret',
    'https://u:s3cret@keys.example/',
  ]) {
    const fetch = bad.startsWith('https') ? unreachable : undefined
    assert.notInclude(said(await findingsOf(doctor({ keySetUrl: bad, fetch }))), 's3cret')
  }
})

test('kms: one client for one Region, multi-Region inventory', async (t) => {
  const one = await newcomer(t, [{ ...notes, replicas: ['eu-west-1'] }], {
    regions: ['eu-west-1'],
  })
  for (const ago of [100, 50]) await rotate(one, { ago })
  await healthy(t, await doctor(one))
  const f = await doctor({ ...one, kms: new KMSClient(one.kms), roles: ['opener'] })
  assert.match(said(wrongOf(f)), /the client is for us-east-1.*pass a configuration or a function/)
})
