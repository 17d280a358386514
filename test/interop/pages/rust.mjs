// The long test of the Rust program in partners/others.md: built once, which takes half an hour, it
// opens what we seal and seals what we open.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { present } from '../../support/types.mjs'
import { rustProgram } from '../environment.mjs'
import { conclude, report } from '../report.mjs'
import { programsOf } from './blocks.mjs'
import { run } from './programs.mjs'

const context = { form: 'claim' }
const file = Buffer.alloc(1_000_000, 'a line of a claim\n')

async function publicKeyPem(clientConfig, arn) {
  const kms = new KMSClient(clientConfig)
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }))
  kms.destroy()
  const lines = Buffer.from(present(PublicKey))
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN PUBLIC KEY-----\n${lines}-----END PUBLIC KEY-----\n`
}

async function sealedFor(jwks, bound) {
  const keys = importKeySet(jwks, { trust: inHand() })
  const { readable } = await sealStream(keys, new Blob([file]), { context: bound })
  return Buffer.from(await new Response(readable).arrayBuffer())
}

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-rust-'))
const local = await startLocalKms({
  keys: [{ alias: 'claims', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' }],
})
try {
  const { 'Cargo.toml': manifest, 'main.rs': source } = programsOf('partners/others.md')
  const program = await rustProgram('pages-rust', { 'Cargo.toml': manifest, 'src/main.rs': source })
  const { clientConfig: kms, keys } = local
  const arn = keys.claims
  const publisher = createPublisher({ kms, keys: [{ key: arn, withArn: true }] })
  const { jwks } = await publisher.documents()
  const env = { ...local.env, AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull }
  const path = (name) => join(folder, name)
  await writeFile(path('key.pem'), await publicKeyPem(kms, arn))
  await writeFile(path('plain'), file)
  await writeFile(path('ours'), await sealedFor(jwks, context))
  await writeFile(path('other'), await sealedFor(jwks, { form: 'order' }))

  const sealing = await run(
    [program, 'seal', arn, path('key.pem'), path('plain'), path('sealed')],
    { env },
  )
  const opening = await run([program, 'open', arn, path('ours'), path('opened')], { env })
  const refusing = await run([program, 'open', arn, path('other'), path('refused')], { env })
  const opener = createOpener({ kms, keys: [arn] })
  const found = async (name) => (await readFile(path(name)).catch(() => '')).toString()
  if (sealing.status === 0) await opener.openFile(path('sealed'), path('back'), { context })
  const is = async (name, ok, { problem }) =>
    ok ? { name } : { name, failure: problem.slice(-600) || 'something else came out' }
  report('the Rust program', [
    await is('it seals', (await found('back')) === file.toString(), sealing),
    await is('it opens', (await found('opened')) === file.toString(), opening),
    await is('it refuses another context', refusing.status !== 0, { problem: 'it opened' }),
  ])
} finally {
  await local.close()
  await rm(folder, { recursive: true, force: true })
}
conclude()
