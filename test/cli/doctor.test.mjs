// `sealdrop doctor` as its user has it: a process, what it prints, how it ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import {
  applyRotation,
  createPublisher,
  fileInventory,
  planRotation,
  publicJwk,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { claims, emptyInventory } from '../support/inventories.mjs'
import { listen } from '../support/listen.mjs'
import { present } from '../support/types.mjs'
import { sealdrop } from './helpers.mjs'

const dir = mkdtempSync(join(tmpdir(), 'sealdrop-cli-doctor-'))
const keys = join(dir, 'keys')
const roots = join(dir, 'roots.json')
let local, server
before(async () => {
  local = await startLocalKms({
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const store = fileInventory(keys)
  await store.write(emptyInventory(claims))
  await applyRotation(
    planRotation(present(await store.read()).inventory, { now: new Date(), every: 'P1Y' }),
    { kms: local.clientConfig, store },
  )
  server = await listen(
    keySetHandler(createPublisher({ kms: local.clientConfig, keys: store, root: 'alias/root' })),
  )
  writeFileSync(
    roots,
    JSON.stringify({ keys: [await publicJwk({ kms: local.clientConfig, key: 'alias/root' })] }),
  )
})
after(async () => {
  await server.close()
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})
const doctor = (...args) => sealdrop(['doctor', ...args], { env: local.env }).ended

test('all is well: a line for each check, exit code 0', async () => {
  const { code, out, err } = await doctor(
    '--key-set',
    server.url,
    '--root',
    'alias/root',
    '--inventory',
    keys,
    '--role',
    'opener',
  )
  assert.equal(code, 0, out + err)
  assert.match(out, /^ok +key set: signed by a root$/m)
  assert.match(out, /^ok +opener: may DeriveSharedSecret with ECDH/m)
  assert.notMatch(out, /NOT OK|warning/)
})

test('as a page sees it, with the roots from a file, as JSON', async () => {
  const { code, out } = await doctor('--key-set', server.url, '--roots', roots, '--json')
  assert.equal(code, 0)
  const findings = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.isTrue(findings.every(({ ok }) => ok))
  assert.isTrue(findings.some(({ check }) => check === 'key set: fresh'))
})

test('flags and the configuration say how KMS is reached, and where the inventory is', async () => {
  const { AWS_ENDPOINT_URL_KMS: endpointUrl, AWS_REGION: region, ...others } = local.env
  const env = { ...others, AWS_ENDPOINT_URL_KMS: '', AWS_REGION: '' }
  const config = join(dir, 'config.json')
  writeFileSync(config, JSON.stringify({ inventory: keys, endpointUrl, region }))
  const flags = ['--inventory', keys, '--endpoint-url', endpointUrl, '--region', region]
  for (const args of [['--config', config], flags]) {
    const { code, out, err } = await sealdrop(['doctor', ...args, '--role', 'opener'], { env })
      .ended
    assert.equal(code, 0, out + err)
    assert.match(out, /^ok +opener: may DeriveSharedSecret with ECDH/m)
  }
})

test('something is wrong: what it is comes last, with what to do, and the exit code is 8', async () => {
  const { inventory } = present(await fileInventory(keys).read())
  const [KeyId] = present(inventory.keys[0].arns)
  await new KMSClient(local.clientConfig).send(new DisableKeyCommand({ KeyId }))
  const { code, out, err } = await doctor('--inventory', keys, '--role', 'opener')
  assert.equal(code, 8)
  assert.match(
    out.trim().split('\n').slice(-2).join('\n'),
    /^NOT OK +claims: current key \S+ \(arn:\S+\)\n +it is Disabled in KMS.*aws kms enable-key --key-id arn:\S+ --region us-east-1, brings it back$/,
  )
  assert.match(err, /^sealdrop: 1 of \d+ checks are not ok$/m)
})

test('--help has examples; wrong arguments end with 2 and say why', async () => {
  const { code, out } = await doctor('--help')
  assert.equal(code, 0)
  assert.match(out, /\$ sealdrop doctor --key-set https:\/\/keys\.example/)
  /** @type {[string[], RegExp][]} */
  const refused = [
    [[], /expected keySetUrl, store or root/],
    [['--key-set', 'keys'], /keySetUrl/],
    [['--roots', join(dir, 'none.json'), '--key-set', server.url], /--roots .*ENOENT/],
    [['--inventory', 'ftp://x/y'], /--inventory ftp:\/\/x\/y: expected a folder, s3/],
    [['--inventory', 's3://bucket'], /s3:\/\/bucket\/key/],
    [['--role', 'king', '--root', 'alias/root'], /roles/],
    [['--every', 'often', '--root', 'alias/root'], /every/],
    [['--nonsense'], /unknown option/],
  ]
  for (const [args, why] of refused) {
    const ended = await doctor(...args)
    assert.equal(ended.code, 2, `${args.join()}: ${ended.err}`)
    assert.match(ended.err, why)
    assert.equal(ended.out, '')
  }
})

test('an inventory in S3 is asked for where its name says', async () => {
  const { code, out } = await sealdrop(['doctor', '--inventory', 's3://bucket/keys.json'], {
    env: { ...local.env, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' },
  }).ended
  assert.equal(code, 8)
  assert.match(
    out,
    /^NOT OK +inventory: can be read\n +the inventory cannot be read: ECONNREFUSED/m,
  )
})
