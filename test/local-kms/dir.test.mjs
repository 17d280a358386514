import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'

import { childServer, clientOf, failure, raw } from './helpers.mjs'

const region = 'us-east-1'
const signing = { alias: 'sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }
const rsa = { alias: 'rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }
const agreeing = { alias: 'agree', spec: 'ECC_NIST_P521', usage: 'KEY_AGREEMENT' }

let base, dir
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sealdrop-kms-dir-'))
  dir = join(base, 'state')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const files = () => readdirSync(join(dir, region)).sort()
const locks = () => readdirSync(dir).filter((name) => name.startsWith('lock'))
const withServer = async (options, work, start = startLocalKms) => {
  const local = await start({ dir, ...options })
  try {
    return await work(clientOf(local), local)
  } finally {
    await local.close()
  }
}

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
    assert.ok(
      (
        await kms('Verify', {
          KeyId: 'alias/sign',
          Message: Buffer.from('kept'),
          Signature: first.signed.Signature,
          SigningAlgorithm: 'ECDSA_SHA_256',
        })
      ).SignatureValid,
    )
    assert.strictEqual((await kms('ListKeys')).Keys.length, 4)
  })
})

test('a folder of before accounts, policies and rotations opens, and each key gets the default policy', async () => {
  const { arn, publicKey } = await withServer({ keys: [signing] }, async (kms, local) => ({
    arn: local.keys.sign,
    publicKey: (await kms('GetPublicKey', { KeyId: local.keys.sign })).PublicKey,
  }))
  const path = join(
    dir,
    region,
    files().find((file) => file !== 'aliases.json'),
  )
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
  edit(join(dir, region, 'aliases.json'), ({ aliases }) => {
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
      assert.deepEqual([mode(dir), mode(join(dir, region))], ['700', '700'])
      const all = [
        ...files().map((name) => join(dir, region, name)),
        ...locks().map((name) => join(dir, name)),
      ]
      assert.strictEqual(all.length, 3)
      for (const path of all) assert.strictEqual(mode(path), '600', path)
    })
    chmodSync(join(dir, region), 0o755)
    await withServer({}, () => assert.strictEqual(statSync(join(dir, region)).mode & 0o777, 0o700))
  } finally {
    process.umask(umask)
  }
})

test('temporary files left by a killed server are removed at the start, and other files are left alone', async () => {
  await withServer({ keys: [signing] }, () => undefined)
  writeFileSync(join(dir, region, 'aliases.json.0.tmp'), '{')
  writeFileSync(join(dir, region, 'README'), 'mine')
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
  const before = files()
  for (const change of [{ spec: 'ECC_NIST_P384' }, { usage: 'KEY_AGREEMENT' }]) {
    const e = await failure(startLocalKms({ dir, keys: [{ ...signing, ...change }] }))
    assert.strictEqual(e.code, 'conflict')
    assert.match(e.message, /alias\/sign/)
  }
  assert.deepEqual(files(), before)
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

const damages = {
  'an empty key file': (key) => truncateSync(key, 0),
  'a cut key file': (key) => truncateSync(key, statSync(key).size - 20),
  'a key file that is not UTF-8': (key) => writeFileSync(key, Buffer.of(0xff, 0xfe)),
  'a key file of zeros': (key) => writeFileSync(key, Buffer.alloc(500)),
  'a key file that is an array': (key) => writeFileSync(key, '[]'),
  ...Object.fromEntries(
    [
      'id',
      'account',
      'spec',
      'usage',
      'description',
      'created',
      'enabled',
      'origin',
      'policy',
      'tags',
      'grants',
      'materials',
    ].map((name) => [
      `a key without ${name}`,
      (key) =>
        edit(key, (record) => {
          delete record[name]
        }),
    ]),
  ),
  'a key of another spec than it says': (key) =>
    edit(key, (record) => {
      record.spec = 'ECC_NIST_P384'
    }),
  'a usage that does not fit': (key) =>
    edit(key, (record) => {
      record.usage = 'ENCRYPT_DECRYPT'
    }),
  'a usage from a prototype': (key) =>
    edit(key, (record) => {
      record.usage = 'constructor'
    }),
  'a deletion that is no time': (key) =>
    edit(key, (record) => {
      record.deletion = 'soon'
    }),
  'a private key with a changed byte': (key) =>
    edit(key, (record) => {
      record.materials[0].key = record.materials[0].key.replace(/\n(.)/, '\n*')
    }),
  'material without its time': (key) =>
    edit(key, (record) => {
      delete record.materials[0].created
    }),
  'tags that are no text': (key) =>
    edit(key, (record) => {
      record.tags = { a: 1 }
    }),
  'a grant without an operation': (key) =>
    edit(key, (record) => {
      record.grants = [{ id: 'a' }]
    }),
  'a key under another name': (key) =>
    renameSync(key, key.replace(/[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000')),
  'aliases that are not JSON': (_key, aliases) => writeFileSync(aliases, '{"aliases": ['),
  'aliases that are no list': (_key, aliases) => writeFileSync(aliases, '{"aliases": {}}'),
  'an alias without a target': (_key, aliases) =>
    edit(aliases, (record) => {
      delete record.aliases[0].keyId
    }),
  'an alias whose key is gone': (key) => unlinkSync(key),
}
const edit = (path, change) => {
  const record = JSON.parse(readFileSync(path, 'utf8'))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}

for (const [name, damage] of Object.entries(damages)) {
  test(`${name} fails at the start with the path and without content, and frees the folder`, async () => {
    await withServer({ keys: [signing] }, () => undefined)
    const key = join(
      dir,
      region,
      files().find((file) => file !== 'aliases.json'),
    )
    const aliases = join(dir, region, 'aliases.json')
    damage(key, aliases)
    const e = await failure(startLocalKms({ dir }))
    assert.deepEqual([e.name, e.code], ['SealdropError', 'malformed'], e.stack)
    assert.ok(e.message.includes(join(dir, region)) && e.message.includes('.json'), e.message)
    assert.notMatch(`${e.message} ${e.cause}`, /PRIVATE|MIGH|BEGIN/)
    assert.deepEqual(locks(), [])
  })
}

test('a second server on a folder is a conflict, in this process and in another; after close it may start', async () => {
  await withServer({}, async () => {
    const e = await failure(startLocalKms({ dir }))
    assert.deepEqual([e.name, e.code], ['SealdropError', 'conflict'])
    assert.match(e.message, new RegExp(`process ${process.pid}`))
    assert.strictEqual(
      (await failure(startLocalKms({ dir, region: 'eu-west-1' }))).code,
      'conflict',
    )
    assert.strictEqual((await childServer(dir)).code, 'conflict')
    assert.strictEqual(locks().length, 1)
  })
  assert.deepEqual(locks(), [])
  const other = await childServer(dir)
  assert.strictEqual((await failure(startLocalKms({ dir }))).code, 'conflict')
  await other.kill()
  assert.strictEqual(locks().length, 1)
  await withServer({}, () => assert.strictEqual(locks().length, 1))
})

test('of many servers that start on a folder at once at most one runs', async () => {
  for (let round = 0; round < 10; round++) {
    const started = await Promise.allSettled(
      Array.from({ length: 5 }, () => startLocalKms({ dir })),
    )
    const running = started.filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
    assert.ok(running.length <= 1)
    for (const { reason } of started.filter(({ status }) => status === 'rejected'))
      assert.strictEqual(reason.code, 'conflict')
    await Promise.all(running.map((local) => local.close()))
    assert.deepEqual(locks(), [])
  }
})

test('a lock of a process that is gone, or whose id another process has now, is stale', async () => {
  await withServer({}, () => undefined)
  const gone = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => gone.once('exit', resolve))
  for (const [pid, start] of [
    [gone.pid, 1],
    [process.pid, 1],
  ]) {
    writeFileSync(join(dir, `lock-${pid}-${start}-00000000-0000-4000-8000-000000000000`), '')
    await withServer({}, () => assert.strictEqual(locks().length, 1))
  }
  writeFileSync(join(dir, `lock-${process.pid}-0-00000000-0000-4000-8000-000000000000`), '')
  assert.strictEqual((await failure(startLocalKms({ dir }))).code, 'conflict')
})

test(
  'a lock of a killed process that nobody waited for is stale',
  {
    skip: existsSync('/proc/self/stat')
      ? false
      : 'there is no /proc here, which shows such processes',
  },
  async () => {
    // sleep takes the place of the shell and never waits for its child
    const parent = spawn(
      'sh',
      ['-c', `"${process.execPath}" -e "setTimeout(() => {}, 60000)" & echo $!; exec sleep 60`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
      const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
      await withServer({}, () => undefined)
      writeFileSync(join(dir, `lock-${pid}-${stat()[19]}-00000000-0000-4000-8000-000000000000`), '')
      assert.strictEqual((await failure(startLocalKms({ dir }))).code, 'conflict', 'while it lives')
      process.kill(pid, 'SIGKILL')
      while (stat()[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 10))
      await withServer({}, () => assert.strictEqual(locks().length, 1))
    } finally {
      parent.kill('SIGKILL')
    }
  },
)

test('a folder that cannot be made is invalid_argument and named', async () => {
  const file = join(base, 'file')
  writeFileSync(file, '')
  const error = await failure(startLocalKms({ dir: file }))
  assert.strictEqual(error.code, 'invalid_argument')
  assert.match(error.message, /file.*ENOTDIR/)
})

test('a start that fails later frees the folder', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  assert.strictEqual(
    (await failure(startLocalKms({ dir, port: taken.address().port }))).code,
    'conflict',
  )
  taken.close()
  assert.deepEqual(locks(), [])
})

test('a change that cannot be written is KMSInternalException, is not seen, and later changes work', async () => {
  await withServer({ keys: [signing] }, async (kms, local) => {
    renameSync(join(dir, region), join(dir, 'away'))
    const { status, json } = await raw(local, {
      operation: 'DisableKey',
      body: { KeyId: local.keys.sign },
    })
    assert.deepEqual([status, json().__type], [500, 'KMSInternalException'])
    assert.notMatch(json().message, /ENOENT|state/)
    assert.strictEqual(
      (
        await raw(local, {
          operation: 'CreateAlias',
          body: { AliasName: 'alias/lost', TargetKeyId: local.keys.sign },
        })
      ).status,
      500,
    )
    assert.strictEqual(
      (await kms('DescribeKey', { KeyId: local.keys.sign })).KeyMetadata.KeyState,
      'Enabled',
    )
    assert.strictEqual((await kms('ListAliases')).Aliases.length, 1)
    renameSync(join(dir, 'away'), join(dir, region))
    await kms('DisableKey', { KeyId: local.keys.sign })
    assert.strictEqual(
      (await kms('DescribeKey', { KeyId: local.keys.sign })).KeyMetadata.KeyState,
      'Disabled',
    )
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
      for (let i = 0; i < count; i++)
        ids.push(
          (
            await kms(
              'CreateKey',
              i % 2 ? { MultiRegion: true, KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } : {},
            )
          ).KeyMetadata.Arn,
        )
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
