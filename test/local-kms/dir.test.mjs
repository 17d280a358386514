// What a folder keeps of keys, aliases and states, and for how long.
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  edit,
  fileOf,
  files,
  keyFile,
  locks,
  region,
  signing,
  state,
  withServer,
} from './folders.mjs'
import { failure, raw } from './helpers.mjs'

const rsa = { alias: 'rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }
const agreeing = { alias: 'agree', spec: 'ECC_NIST_P521', usage: 'KEY_AGREEMENT' }

test('keys, aliases and states come back after a restart, with the same ARNs and key material', async () => {
  const keys = [signing, rsa, agreeing]
  const describe = async (kms, arns) =>
    Promise.all(
      Object.values(arns).map(async (KeyId) => {
        const { KeyMetadata } = await kms('DescribeKey', { KeyId })
        return KeyMetadata
      }),
    )
  const first = await withServer({ keys }, async (kms, local) => {
    const sealed = await kms('Encrypt', {
      KeyId: 'alias/rsa',
      Plaintext: Buffer.from('kept'),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    const signed = await kms('Sign', {
      KeyId: 'alias/sign',
      Message: Buffer.from('kept'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    const { KeyMetadata: off } = await kms('CreateKey', {
      KeySpec: 'ECC_NIST_P384',
      KeyUsage: 'SIGN_VERIFY',
      Description: 'off "quoted" \u00e9',
    })
    await kms('DisableKey', { KeyId: off.KeyId })
    await kms('ScheduleKeyDeletion', { KeyId: local.keys.agree, PendingWindowInDays: 9 })
    /** @type {Record<string, string>} */
    const arns = { ...local.keys, off: off.Arn }
    return {
      arns,
      sealed,
      signed,
      metadata: await describe(kms, arns),
      aliases: (await kms('ListAliases')).Aliases,
    }
  })
  await withServer({ keys }, async (kms, local) => {
    assert.deepEqual({ ...local.keys, off: first.arns.off }, first.arns)
    assert.deepEqual(await describe(kms, first.arns), first.metadata)
    assert.deepEqual(
      first.metadata.map(({ KeyState }) => KeyState),
      ['Enabled', 'Enabled', 'PendingDeletion', 'Disabled'],
    )
    assert.deepEqual((await kms('ListAliases')).Aliases, first.aliases)
    const { Plaintext } = await kms('Decrypt', {
      KeyId: first.arns.rsa,
      CiphertextBlob: first.sealed.CiphertextBlob,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    assert.strictEqual(Buffer.from(Plaintext).toString(), 'kept')
    const verified = await kms('Verify', {
      KeyId: 'alias/sign',
      Message: Buffer.from('kept'),
      Signature: first.signed.Signature,
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    assert.ok(verified.SignatureValid)
    assert.strictEqual((await kms('ListKeys')).Keys.length, 4)
  })
})

test('a folder of before accounts, policies and rotations opens, and each key gets the default policy', async () => {
  const { arn, publicKey } = await withServer({ keys: [signing] }, async (kms, local) => ({
    arn: local.keys.sign,
    publicKey: (await kms('GetPublicKey', { KeyId: local.keys.sign })).PublicKey,
  }))
  const path = keyFile()
  const {
    id,
    spec,
    usage,
    description,
    created,
    enabled,
    materials: [{ key }],
  } = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(
    path,
    JSON.stringify({ id, spec, usage, description, created, enabled, privateKey: key }),
  )
  edit(fileOf('aliases.json'), ({ aliases }) => {
    for (const alias of aliases) delete alias.account
  })
  await withServer({ keys: [signing] }, async (kms, local) => {
    assert.strictEqual(local.keys.sign, arn)
    assert.deepEqual((await kms('GetPublicKey', { KeyId: 'alias/sign' })).PublicKey, publicKey)
    await kms('DisableKey', { KeyId: arn })
  })
  assert.match(JSON.parse(readFileSync(path, 'utf8')).policy, /arn:aws:iam::111122223333:root/)
})

test('without dir nothing is kept', async () => {
  const arns = []
  for (let i = 0; i < 2; i++) {
    const local = await startLocalKms({ keys: [signing] })
    arns.push(local.keys.sign)
    await local.close()
  }
  assert.notStrictEqual(arns[0], arns[1])
})

test('folders have mode 0700 and every file 0600, whatever the umask', async () => {
  const umask = process.umask(0)
  try {
    await withServer({ keys: [signing] }, async (kms) => {
      await kms('DisableKey', { KeyId: (await kms('ListKeys')).Keys[0].KeyId })
      const mode = (path) => (statSync(path).mode & 0o777).toString(8)
      assert.deepEqual([mode(state.dir), mode(join(state.dir, region))], ['700', '700'])
      const all = [
        ...files().map((name) => fileOf(name)),
        ...locks().map((name) => join(state.dir, name)),
      ]
      assert.strictEqual(all.length, 3)
      for (const path of all) assert.strictEqual(mode(path), '600', path)
    })
    chmodSync(join(state.dir, region), 0o755)
    await withServer({}, () =>
      assert.strictEqual(statSync(join(state.dir, region)).mode & 0o777, 0o700),
    )
  } finally {
    process.umask(umask)
  }
})

test('temporary files left by a killed server are removed at the start, and other files are left alone', async () => {
  await withServer({ keys: [signing] }, () => undefined)
  writeFileSync(fileOf('aliases.json.0.tmp'), '{')
  writeFileSync(fileOf('README'), 'mine')
  await withServer({}, () =>
    assert.deepEqual(
      files().filter((name) => !/^[0-9a-f-]{36}\.json$/.test(name)),
      ['README', 'aliases.json'],
    ),
  )
})

test('each Region of a folder has its own keys and aliases', async () => {
  const here = await withServer({ keys: [signing] }, (_kms, local) => local.keys.sign)
  await withServer({ region: 'eu-west-1', keys: [signing] }, async (kms, local) => {
    assert.notStrictEqual(local.keys.sign.split('/')[1], here.split('/')[1])
    assert.strictEqual((await kms('ListKeys')).Keys.length, 1)
  })
  await withServer({ keys: [signing] }, (_kms, local) => assert.strictEqual(local.keys.sign, here))
})

test('an alias that has another kind of key is a conflict, and nothing is made', async () => {
  await withServer({ keys: [signing] }, () => undefined)
  const first = files()
  for (const change of [{ spec: 'ECC_NIST_P384' }, { usage: 'KEY_AGREEMENT' }]) {
    const e = await failure(startLocalKms({ dir: state.dir, keys: [{ ...signing, ...change }] }))
    assert.strictEqual(e.code, 'conflict')
    assert.match(e.message, /alias\/sign/)
  }
  assert.deepEqual(files(), first)
  assert.deepEqual(locks(), [])
})

test('deletion takes the file of the key and its aliases, also when the time came while nothing ran', async () => {
  let now = 1_700_000_000_000
  const start = (options) => startLocalKms({ ...options, now: () => now })
  await withServer(
    { keys: [signing, agreeing] },
    async (kms, local) => {
      await kms('ScheduleKeyDeletion', { KeyId: local.keys.sign, PendingWindowInDays: 7 })
      await kms('ScheduleKeyDeletion', { KeyId: local.keys.agree, PendingWindowInDays: 8 })
      assert.strictEqual(files().length, 3)
      now += 7 * 86_400_000
      assert.strictEqual((await kms('ListKeys')).Keys.length, 1)
      assert.strictEqual(files().length, 2)
    },
    start,
  )
  now += 86_400_000
  await withServer(
    {},
    async (kms) => {
      assert.deepEqual(files(), ['aliases.json'])
      assert.strictEqual((await kms('ListAliases')).Aliases.length, 0)
    },
    start,
  )
})

test('a change that cannot be written is KMSInternalException, is not seen, and later changes work', async () => {
  await withServer({ keys: [signing] }, async (kms, local) => {
    renameSync(join(state.dir, region), join(state.dir, 'away'))
    const { status, json } = await raw(local, {
      operation: 'DisableKey',
      body: { KeyId: local.keys.sign },
    })
    assert.deepEqual([status, json().__type], [500, 'KMSInternalException'])
    assert.notMatch(json().message, /ENOENT|state/)
    const lost = await raw(local, {
      operation: 'CreateAlias',
      body: { AliasName: 'alias/lost', TargetKeyId: local.keys.sign },
    })
    assert.strictEqual(lost.status, 500)
    const stateOf = async (KeyId) => (await kms('DescribeKey', { KeyId })).KeyMetadata.KeyState
    assert.strictEqual(await stateOf(local.keys.sign), 'Enabled')
    assert.strictEqual((await kms('ListAliases')).Aliases.length, 1)
    renameSync(join(state.dir, 'away'), join(state.dir, region))
    await kms('DisableKey', { KeyId: local.keys.sign })
    assert.strictEqual(await stateOf(local.keys.sign), 'Disabled')
    assert.deepEqual(
      files().filter((name) => name.endsWith('.tmp')),
      [],
    )
  })
})

test('with a seed the same keys come again in the same order, none twice, whatever was made in a folder before', async () => {
  const made = (options, count) =>
    withServer(options, async (kms, local) => {
      const ids = Object.values(local.keys)
      const p256 = { MultiRegion: true, KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
      for (let i = 0; i < count; i++)
        ids.push((await kms('CreateKey', i % 2 ? p256 : {})).KeyMetadata.Arn)
      return ids
    })
  const one = await made({ dir: undefined, seed: 's', keys: [signing] }, 4)
  assert.deepEqual(await made({ dir: undefined, seed: 's', keys: [signing] }, 4), one)
  assert.notDeepEqual(await made({ dir: undefined, seed: 't', keys: [signing] }, 4), one)
  assert.deepEqual(await made({ seed: 's', keys: [signing] }, 4), one)
  const again = await made({ seed: 's', keys: [signing] }, 4)
  assert.strictEqual(again[0], one[0])
  assert.strictEqual(new Set([...one, ...again.slice(1)]).size, 9)
})
