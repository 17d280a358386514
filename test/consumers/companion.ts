// A companion: Node types and the AWS client.
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { KMSClient } from '@aws-sdk/client-kms'
import { importKeySet, inHand, sealFields } from 'sealdrop'
import {
  createOpener,
  createPublisher,
  createSigner,
  joinPolicies,
  keyPolicy,
  keyTemplate,
  type PolicyDocument,
  type PolicyRole,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetListener } from 'sealdrop/serve'

const kms = await startLocalKms({
  keys: [{ alias: 'alias/a', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }],
})
const opener = createOpener({
  kms: new KMSClient(kms.clientConfig),
  keys: ['alias/a'],
  cache: { entries: 1, maxAge: 1, uses: 1 },
})
const opened = await opener.open('x', { context: (found) => found['form'] === 'claim' })
const record: { a: number } = await opener.openFields<{ a: number }>(
  { a: 'x' },
  { context: {}, fields: ['a'] },
)
const whole: { a: number } = await opener.openFields(
  await sealFields(
    importKeySet('x', { trust: inHand() }),
    { a: 1 },
    { context: {}, fields: ['a'] },
  ),
  { context: {}, fields: ['a'] },
)
const receipt: string = await createSigner({ key: 'alias/s' }).signReceipt({
  messageId: opened.messageId,
  digest: '',
  length: record.a + whole.a,
  context: opened.context,
  stage: 'opened',
})
export const documents = createPublisher({
  kms: (region) => new KMSClient({ region }),
  keys: [{ key: receipt, use: 'enc', withArn: true }],
})
const listener = keySetListener(documents, { maxAge: 60_000 })
export const servers = [createServer(listener), createHttp2Server(listener)]
const role: PolicyRole = 'opener'
export const policy: PolicyDocument = joinPolicies([
  keyPolicy({
    role,
    key: 'arn:aws:kms:us-east-1:111122223333:key/*',
    principals: ['111122223333'],
    algs: ['RSA-OAEP-256'],
    accountRoot: true,
  }).keyPolicy,
])
export const resources: Readonly<Record<string, object>> = keyTemplate({
  key: 'arn:aws:kms:us-east-1:111122223333:alias/a',
  spec: 'RSA_2048',
  usage: 'ENCRYPT_DECRYPT',
  roles: { [role]: ['111122223333'] },
  accountRoot: true,
}).Resources
