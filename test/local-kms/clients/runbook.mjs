// npm run test:clients: docs/runbook.md, from top to bottom, as somebody would do it who has
// nothing else: each block of JavaScript is saved under its name, each block of shell is run by
// bash with the AWS CLI, against a local KMS and moto's S3 and DynamoDB. Time passes by setting the
// inventory's dates back.
import test, { after, before } from 'node:test'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient } from '@aws-sdk/client-kms'
import { S3 } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { fetchKeySet, inspect, seal, signedBy, verifyReceipt } from 'sealdrop'
import {
  createOpener,
  createSigner,
  deleteKey,
  dynamoDbInventory,
  retireKey,
  s3Inventory,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { pythonEnvironment } from '../../interop/environment.mjs'
import { untilAnswers, untilSilent } from '../../support/answering.mjs'
import {
  assertImports,
  assertLinks,
  assertParse,
  documentAt,
  root,
  run,
} from '../../support/documents.mjs'
import { freePort } from '../../support/free-port.mjs'
import { startMoto } from '../../support/moto.mjs'
import { present } from '../../support/types.mjs'

const document = documentAt('docs/runbook.md')
const folder = fileURLToPath(new URL('.build/runbook/', root))
const hour = 3_600_000
let local, moto, env, s3, store, url, opener
/** What people sealed on the way, each with what it says: all of it has to open at the end. */
const sealed = []

before(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const python = await pythonEnvironment(
    'clients-python',
    fileURLToPath(new URL('requirements.txt', import.meta.url)),
  )
  local = await startLocalKms({ regions: ['us-west-2'] })
  moto = await startMoto()
  const port = await freePort()
  url = `http://127.0.0.1:${port}/`
  env = {
    ...local.env,
    AWS_ENDPOINT_URL_S3: moto.url,
    AWS_ENDPOINT_URL_DYNAMODB: moto.url,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    AWS_MAX_ATTEMPTS: '1',
    PORT: String(port),
    KEY_SET_URL: url,
    HOME: folder,
    PATH: [join(python, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
  }
  s3 = new S3({
    endpoint: moto.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  })
  store = s3Inventory({ s3, bucket: 'example-keys', key: 'inventory.json' })
  opener = createOpener({
    kms: local.clientConfig,
    keys: { read: () => store.read(), write: async () => {} },
    now: () => clock++ * 40_000,
  })
})
after(async () => {
  await shell('kill "$(cat publisher.pid)"')
  await opener?.close()
  await local?.close()
  moto?.close()
})
// of the opener: so that it reads the inventory again for each key that it does not know
let clock = 1

const shell = (code) => run('bash', ['-euo', 'pipefail', '-c', code], { cwd: folder, env })
const inventory = async () => (await store.read()).inventory
const keyOf = async (purpose, state) =>
  (await inventory()).keys.find((key) => key.purpose === purpose && key.state === state)

/** So many hours pass, as far as the inventory tells. */
async function pass(hours) {
  const { inventory: now, etag } = await store.read()
  const keys = now.keys.map((key) =>
    Object.fromEntries(
      Object.entries(key).map(([name, value]) => [
        name,
        /^\d{4}-.*Z$/.test(value)
          ? new Date(Date.parse(value) - hours * hour).toISOString()
          : value,
      ]),
    ),
  )
  await store.write({ ...now, counter: now.counter + 1, keys }, etag)
}
const pages = []
/** A page that is opened now, as roots.json has its roots; it is kept, and has to go on working. */
const page = () => {
  const keys = fetchKeySet(url, {
    trust: signedBy(JSON.parse(readFileSync(join(folder, 'roots.json'), 'utf8'))),
  })
  pages.push(keys)
  return keys
}
const sealOne = async (keys, text) => sealed.push([await seal(keys, text, { context: {} }), text])
async function waitUntilCurrent() {
  await pass(1)
  await must('node rotate.mjs')
  await restart()
}
async function restart(settings = '') {
  await must('kill "$(cat publisher.pid)"')
  await untilSilent(url)
  await must(`${settings} node publisher.mjs > publisher.log 2>&1 & echo $! > publisher.pid`)
  await untilAnswers(url)
}
async function must(code) {
  const { status, output } = await shell(code)
  assert.equal(status, 0, output)
  return output
}

/** Ends with 1 where the store of the document has no inventory. */
const readsDynamoDb =
  "import { store } from './keys-dynamodb.mjs'; if (!await store.read()) process.exitCode = 1"

/** What a row notes before its block, and looks at after it. */
const known = {}

/**
 * What happens before and after a block of shell, and what its output has to be like. A block has
 * the text of its row, or is the text where that is the `whole` of it.
 *
 * @typedef {object} BlockRow
 * @property {boolean} [whole]
 * @property {() => Promise<void>} [before]
 * @property {RegExp} [says]
 * @property {(ran: { output: string }) => Promise<unknown>} [after]
 */

/**
 * Every row has to be met.
 *
 * @type {[text: string, row: BlockRow][]}
 */
const rows = [
  ['for name in root root-spare', {}],
  ['create-bucket', { says: /example-keys/ }],
  ['dynamodb create-table', { says: /ACTIVE[\s\S]*ENABLED/ }],
  [
    'node rotate.mjs\nnode list.mjs\n',
    {
      says: /done create claims[\s\S]*claims current/,
      after: async () => {
        await pass(50)
        await must('node rotate.mjs')
      },
    },
  ],
  [
    'node roots.mjs',
    { says: /sig ES256 [\s\S]*enc RSA-OAEP-256/, after: async () => sealOne(page(), 'first') },
  ],
  [
    'node policies.mjs',
    {
      after: async () => {
        const kms = new KMSClient(local.clientConfig)
        for (const [KeyId, sid] of [
          [(await keyOf('claims', 'next')).arns[0], 'OpenerDecrypt'],
          [(await keyOf('receipts', 'current')).arns[0], 'SignerSign'],
          ['alias/root', 'SignerSign'],
        ]) {
          const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
          const { Policy } = await kms.send(
            new GetKeyPolicyCommand({
              KeyId: present(KeyMetadata).KeyId,
              PolicyName: 'default',
            }),
          )
          assert.include(
            JSON.parse(present(Policy)).Statement.map(({ Sid }) => Sid),
            sid,
          )
        }
      },
    },
  ],
  ['node canary.mjs', { whole: true, says: /canary/ }],
  [
    'node rotate-early.mjs claims',
    {
      before: async () => {
        known.claims = await keyOf('claims', 'current')
        await pass(50)
      },
      says: /done activate/,
      after: async () => {
        await waitUntilCurrent()
        assert.notEqual((await keyOf('claims', 'current')).thumbprint, known.claims.thumbprint)
        await sealOne(page(), 'after an early rotation')
      },
    },
  ],
  ['aws kms enable-key --key-id "$key"      #', {}],
  ['aws kms list-grants', { says: /kms:\*[\s\S]*Grants/ }],
  [
    'node revoke.mjs "$(node list.mjs claims current)" compromised',
    {
      before: async () => {
        await pass(50)
        known.claims = await keyOf('claims', 'current')
        known.next = await keyOf('claims', 'next')
      },
      says: /replacedBy/,
      after: async ({ output }) => {
        assert.include(output, known.next.thumbprint)
        assert.notInclude(
          output
            .split('\n')
            .filter((line) => line.startsWith('enc '))
            .join(),
          known.claims.thumbprint,
        )
        await waitUntilCurrent()
        const keys = page()
        await sealOne(keys, 'after a revocation')
        assert.equal((await inspect(sealed.at(-1)[0])).recipients[0], known.next.thumbprint)
      },
    },
  ],
  [
    'node revoke.mjs "$old" superseded 2020-01-01',
    {
      before: async () => {
        const signer = createSigner({ kms: local.clientConfig, key: 'alias/receipts' })
        known.sent = await inspect(sealed[0][0])
        known.receipt = await signer.signReceipt({ ...known.sent, stage: 'opened' })
        await signer.close()
        await verifyReceipt(page(), known.receipt, { sent: known.sent })
      },
      after: async () => {
        await waitUntilCurrent()
        const code = await verifyReceipt(page(), known.receipt, { sent: known.sent }).catch(
          (error) => error.code,
        )
        assert.equal(code, 'key_not_found')
        const signer = createSigner({ kms: local.clientConfig, key: 'alias/receipts' })
        await verifyReceipt(page(), await signer.signReceipt({ ...known.sent, stage: 'opened' }), {
          sent: known.sent,
        })
        await signer.close()
      },
    },
  ],
  [
    'ROOT=alias/root-spare',
    {
      says: /enc RSA-OAEP-256/,
      after: async () => {
        for (const keys of pages) await keys.refresh()
        await sealOne(page(), 'under the spare root')
      },
    },
  ],
  ['root-3', {}],
  [
    'node rebuild.mjs',
    {
      whole: true,
      before: async () => {
        await pass(50)
        known.keys = (await inventory()).keys
        await s3.deleteObject({ Bucket: 'example-keys', Key: 'inventory.json' })
      },
      says: /found claims Enabled[\s\S]*"grants": \[\][\s\S]*nothing is written yet/,
      after: async ({ output }) => {
        assert.notInclude(output, 'Error')
        const found = output.matchAll(/^found \S+ Enabled (\S{43})$/gm)
        known.yours = Array.from(found, ([, thumbprint]) => thumbprint)
      },
    },
  ],
  [
    'node rebuild.mjs $yours',
    {
      before: async () => {
        env.yours = known.yours.join(' ')
      },
      says: /keys are written/,
      after: async ({ output }) => {
        assert.notInclude(output, 'Error')
        assert.equal((await inventory()).keys.length, known.yours.length)
        assert.isAtLeast(known.yours.length, known.keys.length - 1)
        const inUse = known.keys.filter(({ state }) => state === 'current')
        for (const { purpose, state, thumbprint } of inUse)
          assert.equal((await keyOf(purpose, state)).thumbprint, thumbprint, `${purpose} ${state}`)
        await restart('ROOT=alias/root-spare')
        for (const keys of pages) await keys.refresh()
        await sealOne(page(), 'after the inventory was rebuilt')
      },
    },
  ],
  [
    'list-object-versions --bucket example-keys --prefix inventory.json --query',
    {
      before: async () => {
        await s3.putObject({ Bucket: 'example-keys', Key: 'inventory.json', Body: '{ broken' })
      },
      after: async () => {
        await restart('ROOT=alias/root-spare')
        for (const keys of pages) await keys.refresh()
        await must('node rotate.mjs')
      },
    },
  ],
  [
    'restore-table-to-point-in-time',
    {
      before: async () => {
        const { DynamoDB } = await import('@aws-sdk/client-dynamodb')
        const dynamoDb = new DynamoDB({
          endpoint: moto.url,
          region: 'us-east-1',
          credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
        })
        await dynamoDbInventory({ dynamoDb, table: 'example-keys' }).write(await inventory())
        await must(`node --input-type=module -e "${readsDynamoDb}"`)
      },
      after: async () =>
        assert.deepEqual(
          JSON.parse(readFileSync(join(folder, 'old.json'), 'utf8')),
          await inventory(),
        ),
    },
  ],
  ['aws kms list-keys', { says: /Disabled\s+None\s+arn/ }],
  [
    'node restore.mjs',
    {
      before: async () => {
        await pass(50)
        const { thumbprint: key } = await keyOf('claims', 'retired')
        const o = { kms: local.clientConfig, store, key }
        await retireKey({ ...o, keepUntil: new Date(), disable: true })
        await deleteKey({ ...o, confirm: key })
      },
      after: async () => assert.isUndefined(await keyOf('claims', 'deleting')),
    },
  ],
  ['# the mistake', { says: /DeletionDate[\s\S]*canary/ }],
  ['--multi-region', { says: /us-west-2/ }],
]

test('every block of code parses, names only what exists, and is named; what is linked is there', async () => {
  assertParse(document.code, 10)
  await assertImports(document, 15)
  assertLinks(document)
  for (const { language, file, code } of document.blocks)
    assert.isTrue(language === 'sh' || (language === 'js' && file !== undefined), code)
})

/** Texts of the rows that a block met. */
const met = new Set()
for (const { language, file, code } of document.blocks) {
  if (language !== 'sh') {
    test(`${file} is saved`, () => writeFileSync(join(folder, present(file)), code))
    continue
  }
  const first = code.split('\n')[0]
  test(first, async () => {
    const found = rows.filter(([text, { whole }]) =>
      whole ? code.trim() === text : code.includes(text),
    )
    assert.equal(found.length, 1, `one row for:\n${code}`)
    const [[text, { before: prepare, says, after: look }]] = found
    met.add(text)
    await prepare?.()
    const { status, output } = await shell(code)
    assert.equal(status, 0, output)
    if (process.env.SHOW_RUNBOOK) console.log(output.replace(/^/gm, '    '))
    if (says) assert.match(output, says)
    await look?.({ output })
  })
}

test('all that was sealed on the way opens, and no row was left out', async () => {
  assert.isAtLeast(sealed.length, 5)
  for (const [value, text] of sealed)
    assert.equal((await opener.open(value, { context: {} })).text(), text)
  assert.deepEqual(
    rows.map(([text]) => text).filter((text) => !met.has(text)),
    [],
  )
})
