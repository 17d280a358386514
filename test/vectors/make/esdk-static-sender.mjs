// Makes ../esdk-static-sender.js, by hand: it was run once, and what it wrote is frozen. It makes
// new keys each time.
//
//   node_modules/.bin/node --no-warnings test/vectors/make/esdk-static-sender.mjs
//
// AWS's SDK for Python seals with its KMS ECDH keyring, whose sender is a KMS key, through the local
// KMS, and opens each message again. The local KMS's folder gives the private key of each recipient.
import { createPrivateKey } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { foreignPrograms } from '../../interop/programs.mjs'

const specs = { 'P-256': 'ECC_NIST_P256', 'P-384': 'ECC_NIST_P384', 'P-521': 'ECC_NIST_P521' }
const contexts = [{}, { form: 'claim', '\u{1f600}': 'smile', '\uff5e': 'tilde' }]
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-static-sender-'))
const dir = join(folder, 'kms')
const keys = Object.entries(specs).flatMap(([crv, spec]) =>
  [crv, `${crv} sender`].map((name) => ({
    alias: name.replace(' ', '-'),
    spec,
    usage: 'KEY_AGREEMENT',
  })),
)
const local = await startLocalKms({ dir, keys })
const kms = new KMSClient(local.clientConfig)
const derOf = async (arn) =>
  Buffer.from((await kms.send(new GetPublicKeyCommand({ KeyId: arn }))).PublicKey ?? [])
const pemOf = (der) =>
  `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`

/** The private key that the local KMS keeps. */
async function privateJwk(arn) {
  const [, , , region = '', , resource = ''] = arn.split(':')
  const file = join(dir, region, `${resource.replace('key/', '')}.json`)
  const { materials } = JSON.parse(await readFile(file, 'utf8'))
  return createPrivateKey(materials[0].key).export({ format: 'jwk' })
}

try {
  const { Python } = await foreignPrograms(local, folder)
  const rows = []
  for (const [crv, curve] of Object.entries(specs))
    for (const [index, context] of contexts.entries()) {
      const plaintext = Buffer.from(`to a key on ${crv}, ${index}`)
      const [plaintextFile, messageFile] = ['plain', 'sealed'].map((name) => join(folder, name))
      await writeFile(plaintextFile, plaintext)
      const arn = local.keys[crv]
      const sender = local.keys[`${crv}-sender`]
      const publicKeyPem = pemOf(await derOf(arn))
      const job = {
        keys: [{ keyring: 'ecdh', arn, sender, curve, publicKeyPem }],
        context,
        frameLength: 128,
        plaintextFile,
        messageFile,
      }
      const { sdk, results } = await Python.run([
        { ...job, kind: 'seal' },
        { ...job, kind: 'open' },
      ])
      for (const { error } of results) if (error) throw new Error(error)
      rows.push({
        sdk,
        row: {
          key: crv,
          context,
          plaintext: plaintext.toString(),
          message: (await readFile(messageFile)).toString('base64'),
        },
      })
    }
  const recipients = await Promise.all(
    Object.keys(specs).map(async (crv) => [
      crv,
      { arn: local.keys[crv], jwk: await privateJwk(local.keys[crv]) },
    ]),
  )
  const text = [
    '// Messages sealed by the KMS ECDH keyring with a static sender (KmsPrivateKeyToStaticPublicKey)',
    `// of ${rows[0].sdk} (Python), suite 0x0478,`,
    '// each opened again by it. Written by make/esdk-static-sender.mjs, and frozen since. Test keys',
    `// only: they were made for these vectors. Messages are base64. Count: ${rows.length}.`,
    `export const keys = ${JSON.stringify(Object.fromEntries(recipients), undefined, 2)}`,
    'export const messages = [',
    ...rows.map(({ row }) => `  ${JSON.stringify(row)},`),
    ']',
    '',
  ]
  await writeFile(new URL('../esdk-static-sender.js', import.meta.url), text.join('\n'))
} finally {
  kms.destroy()
  await local.close()
  await rm(folder, { recursive: true, force: true })
}
