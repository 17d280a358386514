// doctor: no false alarms in healthy set-ups, no illness missed, no advice that is wrong. An
// adversarial reader's cases.
import test from 'node:test'
import { mkdtemp, rm } from 'node:fs/promises'
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
import { company, headers, hour, purposes, said } from '../support/company.mjs'

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
  const local = await startLocalKms()
  t.after(() => local.close())
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-doctor-'))
  t.after(() => rm(dir, { recursive: true }))
  const store = fileInventory(dir)
  await store.write({
    version: 1,
    counter: 0,
    purposes: purposes.filter(({ name }) => name !== 'claims'),
    keys: [],
  })
  const rotate = async () =>
    applyRotation(planRotation((await store.read()).inventory, { now: new Date(), every: 'P1Y' }), {
      kms: local.clientConfig,
      store,
    })
  await rotate()
  assert.deepEqual((await rotate()).done, [], 'nothing is due')
  await healthy(t, await doctor({ store, kms: local.clientConfig, roles: ['opener'] }))
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
  const plan = planRotation((await one.store.read()).inventory, { now: new Date(), every: 'P2D' })
  assert.isNotEmpty(
    (await applyRotation(plan, { kms: one.local.clientConfig, store: one.store })).done,
  )
  await healthy(t, await one.examine({ roles: ['opener'] }))
})

test('credentials that have expired are named, not policies; and nothing is ok by it', async (t) => {
  const one = await company(t)
  const findings = await doctor({
    store: one.store,
    kms: {
      ...one.kms,
      credentials: { accessKeyId: 'LOCALCOMPANY', secretAccessKey: 'not-the-secret' },
    },
  })
  assert.match(said(wrongOf(findings)), /credentials are missing/)
})

test('with roles [] (an administrator): exit code 0', async (t) => {
  const one = await company(t)
  const findings = await doctor({
    store: one.store,
    roles: [],
    kms: {
      ...one.kms,
      credentials: { accessKeyId: 'LOCALCOMPANY', secretAccessKey: 'not-the-secret' },
    },
  })
  assert.isAbove(wrongOf(findings).length, 0)
})

test('KMS that never answers', { timeout: 100_000 }, async (t) => {
  const one = await company(t)
  const sockets = []
  const hole = createServer((s) => {
    sockets.push(s)
  })
  await new Promise((r) => hole.listen(0, '127.0.0.1', r))
  t.after(() => {
    sockets.forEach((s) => s.destroy())
    hole.close()
  })
  const done = await Promise.race([
    doctor({
      root: 'alias/root',
      kms: { ...one.kms, maxAttempts: 1, endpoint: `http://127.0.0.1:${hole.address().port}` },
    }),
    new Promise((r) => setTimeout(r, 60_000, 'hangs')),
  ])
  assert.notEqual(done, 'hangs')
})

test('deletion that was cancelled by hand, after its date', async (t) => {
  const one = await company(t)
  const { inventory, etag } = await one.store.read()
  const next = await one.keyOf('claims', 'next')
  await one.store.write(
    {
      ...inventory,
      counter: inventory.counter + 1,
      keys: inventory.keys.map((k) =>
        k.token === next.token
          ? {
              ...k,
              state: 'deleting',
              retired: k.made,
              deletes: new Date(Date.now() - hour).toISOString(),
            }
          : k,
      ),
    },
    etag,
  )
  const findings = await one.examine()
  assert.match(said(findings), new RegExp(`NOT OK.*${next.thumbprint}`))
})

test('commands for a key of another Region', async (t) => {
  const one = await company(t)
  const there = new KMSClient({ ...one.local.clientConfig, region: 'eu-west-1' })
  const {
    KeyMetadata: { Arn },
  } = await there.send(new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }))
  await there.send(new DisableKeyCommand({ KeyId: Arn }))
  const { inventory, etag } = await one.store.read()
  await one.store.write(
    {
      ...inventory,
      counter: inventory.counter + 1,
      keys: inventory.keys.map((k) =>
        k.purpose === 'claims' && k.state === 'next' ? { ...k, arns: [Arn] } : k,
      ),
    },
    etag,
  )
  const findings = await one.examine()
  const said1 = said(wrongOf(findings))
  t.diagnostic(said1)
  t.diagnostic(
    await one.admin.send(new EnableKeyCommand({ KeyId: Arn })).then(
      () => 'enabled',
      (e) => `${e.name}: ${e.message}`,
    ),
  ) // what the command does where AWS_REGION is us-east-1
  assert.match(said1, /enable-key --key-id \S+ --region eu-west-1/)
})

for (const state of ['Updating', 'Creating', 'PendingImport', 'Unavailable'])
  test(`a key that is ${state} in KMS: no advice to enable it`, async (t) => {
    const one = await company(t)
    const arn = (await one.keyOf('claims', 'current')).arns[0]
    const client = new KMSClient(one.kms)
    const kms = {
      config: client.config,
      destroy() {},
      send: async (c, o) => {
        const a = await client.send(c, o)
        if (c instanceof DescribeKeyCommand && a.KeyMetadata.Arn === arn)
          a.KeyMetadata.KeyState = state
        return a
      },
    }
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
  await one.admin.send(
    new CreateAliasCommand({
      AliasName: 'alias/claims',
      TargetKeyId: (await one.keyOf('notes', 'current')).arns[0],
    }),
  )
  const f = wrongOf(await one.examine())
  t.diagnostic(
    await one.admin
      .send(
        new UpdateAliasCommand({
          AliasName: 'alias/claims',
          TargetKeyId: (await one.keyOf('claims', 'current')).arns[0],
        }),
      )
      .then(
        () => 'moved',
        (e) => `${e.name} ${e.message}`,
      ),
  )
  assert.notMatch(said(f), /update-alias/)
})

test('hand-written: current key, alias of another account is a finding', async (t) => {
  const one = await company(t)
  const { inventory } = await one.store.read()
  const store = {
    read: async () => ({
      etag: '1',
      inventory: {
        ...inventory,
        purposes: inventory.purposes.map((p) =>
          p.name === 'claims'
            ? { ...p, alias: 'arn:aws:kms:us-east-1:999999999999:alias/claims' }
            : p,
        ),
        keys: inventory.keys.map(({ alias, ...k }) => k),
      },
    }),
  }
  const f = await one.examine({ store })
  assert.match(said(wrongOf(f)), /of another account than the key/)
})

test('a store or client of the user that throws an error of its own is a finding', async (t) => {
  const one = await company(t)
  const f = await one.examine({
    store: {
      read: async () => {
        throw new Error('ECONNRESET my store')
      },
    },
  })
  assert.match(
    said(wrongOf(f)),
    /^NOT OK inventory: can be read: failed: Error: ECONNRESET my store/m,
  )
})

test('a purpose edited a minute ago', async (t) => {
  const one = await company(t)
  const { inventory, etag } = await one.store.read()
  await one.store.write(
    {
      ...inventory,
      counter: inventory.counter + 1,
      purposes: inventory.purposes.map((p) =>
        p.name === 'notes' ? { ...p, spec: 'ECC_NIST_P384' } : p,
      ),
    },
    etag,
  )
  await healthy(t, await one.examine())
})

test('a next key that somebody disabled and that a rotation set aside', async (t) => {
  const one = await company(t)
  await one.admin.send(new DisableKeyCommand({ KeyId: (await one.keyOf('notes', 'next')).arns[0] }))
  for (let i = 0; i < 3; i++) {
    await applyRotation(
      planRotation((await one.store.read()).inventory, { now: new Date(), every: 'P5D' }),
      { kms: one.local.clientConfig, store: one.store },
    )
  }
  await healthy(t, await one.examine({ every: 'P5D' }))
})

test('empty roots', async (t) => {
  const one = await company(t)
  one.host.handler = keySetHandler(createPublisher({ keys: one.store }))
  const f = await doctor({ keySetUrl: one.server.url, roots: [] }).catch((e) => [
    { check: e.code, ok: false, advice: e.message },
  ])
  assert.isAbove(wrongOf(f).length, 0)
})

for (const roots of [[null], [5], [{}], 'x', [{ kty: 'EC' }]])
  test(`refused: roots ${JSON.stringify(roots)}`, async (t) => {
    const one = await company(t)
    for (const o of [{ keySetUrl: one.server.url }, { root: 'alias/root', kms: one.kms }]) {
      const found = await doctor({ ...o, roots }).then(
        said,
        (error) => `${error.name} ${error.code}`,
      )
      assert.match(
        found,
        /^SealdropError (invalid_argument|unsupported_algorithm|keys_malformed)$|^NOT OK /m,
      )
    }
  })

test('a token in the query', async (t) => {
  const one = await company(t)
  for (const bad of [
    'https://keys.example/?token=s3cret',
    'http://keys.example/?token=s3cret',
    one.server.url + '?token=s3cret',
    'https://u:s3cret@keys.example/',
  ]) {
    const f = await doctor({
      keySetUrl: bad,
      fetch: bad.startsWith('https')
        ? async () => {
            throw new TypeError('x')
          }
        : undefined,
    }).catch((e) => [{ check: e.code, ok: false, advice: e.message }])
    assert.notInclude(said(f), 's3cret')
  }
})

test('kms: one client for one Region, multi-Region inventory', async (t) => {
  const local = await startLocalKms({ regions: ['eu-west-1'] })
  t.after(() => local.close())
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-doctor-'))
  t.after(() => rm(dir, { recursive: true }))
  const store = fileInventory(dir)
  await store.write({
    version: 1,
    counter: 0,
    purposes: [{ ...purposes[1], replicas: ['eu-west-1'] }],
    keys: [],
  })
  for (const ago of [100, 50]) {
    const now = () => Date.now() - ago * hour
    await applyRotation(
      planRotation((await store.read()).inventory, { now: new Date(now()), every: 'P1Y' }),
      { kms: local.clientConfig, store, now },
    )
  }
  await healthy(t, await doctor({ store, kms: local.clientConfig }))
  const f = await doctor({ store, kms: new KMSClient(local.clientConfig), roles: ['opener'] })
  assert.match(said(wrongOf(f)), /the client is for us-east-1.*pass a configuration or a function/)
})
