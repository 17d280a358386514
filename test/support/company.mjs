// The company that a doctor examines. It has keys, a host, and principals that may do just what
// they need.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient } from '@aws-sdk/client-kms'
import {
  applyRotation,
  createPublisher,
  doctor,
  fileInventory,
  planRotation,
  publicJwk,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { listen } from './listen.mjs'
import { present } from './types.mjs'

export const hour = 3_600_000
export const account = '111122223333'
export const companyArn = `arn:aws:iam::${account}:user/company`
export const allow = (Action, Condition) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...(Condition && { Condition }),
})
const principals = [
  { arn: `arn:aws:iam::${account}:root`, accessKeyId: 'LOCALROOT', secretAccessKey: 'root-secret' },
  {
    arn: companyArn,
    accessKeyId: 'LOCALCOMPANY',
    secretAccessKey: 'company-secret',
    policies: [
      {
        Version: '2012-10-17',
        Statement: [
          allow(['kms:DescribeKey', 'kms:GetPublicKey']),
          allow('kms:Decrypt', {
            StringEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' },
          }),
          allow('kms:DeriveSharedSecret', {
            StringEquals: { 'kms:KeyAgreementAlgorithm': 'ECDH' },
          }),
          allow('kms:Sign', {
            StringEquals: {
              'kms:SigningAlgorithm': ['RSASSA_PSS_SHA_256', 'ECDSA_SHA_256'],
              'kms:MessageType': 'DIGEST',
            },
          }),
        ],
      },
    ],
  },
  {
    arn: `arn:aws:iam::${account}:user/publisher`,
    accessKeyId: 'LOCALPUBLISHER',
    secretAccessKey: 'publisher-secret',
    policies: [
      {
        Version: '2012-10-17',
        Statement: [
          allow(['kms:DescribeKey', 'kms:GetPublicKey']),
          allow('kms:Sign', {
            StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' },
            'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/root' },
          }),
        ],
      },
    ],
  },
]
/** @type {import('sealdrop/kms').Purpose[]} */
export const purposes = [
  { name: 'claims', use: 'enc', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT', alias: 'alias/claims' },
  {
    name: 'notes',
    use: 'enc',
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
    alias: 'alias/notes',
  },
  { name: 'receipts', use: 'sig', spec: 'RSA_2048', usage: 'SIGN_VERIFY', alias: 'alias/receipts' },
]

/** A company whose keys are a week old, with its host and what its doctor needs. */
export async function company(t) {
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-doctor-'))
  const local = await startLocalKms({
    regions: ['eu-west-1'],
    credentials: JSON.stringify({ account, principals }),
    keys: [
      { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'alias/other-root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  const store = fileInventory(dir)
  await store.write({ version: 1, counter: 0, purposes, keys: [] })
  for (const ago of [168, 118, 68]) {
    const now = () => Date.now() - ago * hour
    await applyRotation(
      planRotation(present(await store.read()).inventory, { now: new Date(now()), every: 'P1Y' }),
      { kms: local.clientConfig, store, now },
    )
  }
  const kms = {
    ...local.clientConfig,
    credentials: { accessKeyId: 'LOCALCOMPANY', secretAccessKey: 'company-secret' },
  }
  const admin = new KMSClient(local.clientConfig)
  const host = {
    handler: keySetHandler(createPublisher({ kms, keys: store, root: 'alias/root' })),
    change: (response) => response,
  }
  const server = await listen(async (request) => host.change(await host.handler(request)))
  t.after(async () => {
    await server.close()
    await local.close()
    admin.destroy()
    await rm(dir, { recursive: true })
  })
  const root = await publicJwk({ kms, key: 'alias/root' })
  const keyOf = async (purpose, state) =>
    present(await store.read()).inventory.keys.find(
      (key) => key.purpose === purpose && key.state === state,
    )
  const examine = (o = {}) =>
    doctor({ keySetUrl: server.url, roots: [root], root: 'alias/root', kms, store, ...o })
  return { local, store, kms, admin, host, server, root, keyOf, examine }
}
/** Each finding as one line. */
export const said = (findings) => findings.map(lineOf).join('\n')

function lineOf({ check, ok, advice }) {
  const verdict = advice ? 'warning' : 'ok'
  return `${ok ? verdict : 'NOT OK'} ${check}${advice ? `: ${advice}` : ''}`
}

/** Changes the headers of what a host answers. */
export const headers = (change) => (response) => {
  const changed = new Headers(response.headers)
  change(changed)
  return new Response(response.body, { status: response.status, headers: changed })
}
