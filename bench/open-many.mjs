// Opened values a second, and MiB/s of files, by `openMany` and `openManyFiles`.
//
// Beside them stands the limit of the local KMS in the same run: bare calls through the same client,
// as many at a time. The local KMS runs in a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DecryptCommand, DeriveSharedSecretCommand, KMS } from '@aws-sdk/client-kms'
import { createSealer, importKeySet, inHand, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { columns, number } from './columns.mjs'

const context = { form: 'claim' }
const MiB = 2 ** 20
/** Wrapped keys of a run; values of one sealer are more, since they cost next to nothing. */
const counts = { calls: 100, grouped: 1_000, files: 16 }
const cache = { entries: 1_000, maxAge: 600_000, uses: 1_000_000 }
const kinds = /** @type {const} */ ({
  'P-256': { alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  'RSA-3072': { alias: 'alias/rsa', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' },
})

async function serveKms() {
  const local = await startLocalKms({ keys: Object.values(kinds) })
  process.once('disconnect', () => void local.close())
  process.send?.(local.clientConfig)
}

/** How many a second, the best of three. */
async function rateOf(count, work) {
  let best = 0
  for (let round = 0; round < 3; round++) {
    const began = performance.now()
    await work()
    best = Math.max(best, (count * 1_000) / (performance.now() - began))
  }
  return best
}

/** So many calls with nothing around them, some at a time. */
async function bareCalls(client, command, concurrency) {
  let left = counts.calls
  const lane = async () => {
    while (left-- > 0) await client.send(command())
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
}

/** What is sealed to a key, and one of its bare calls. */
async function materialOf(client, name) {
  const KeyId = kinds[name].alias
  const publisher = createPublisher({ kms: client, keys: [{ key: KeyId, withArn: true }] })
  const keys = importKeySet((await publisher.documents()).jwks, { trust: inHand() })
  const times = (count, make) => Promise.all(Array.from({ length: count }, make))
  const sealer = createSealer(keys)
  const plain = new Uint8Array(MiB).fill(7)
  const { readable } = await sealStream(keys, plain, { context })
  const bare = await bareOf(client, name)
  return {
    bare,
    distinct: await times(counts.calls, () => createSealer(keys).seal('DE02', { context })),
    grouped: await times(counts.grouped, () => sealer.seal('DE02', { context })),
    copy: new Blob([await new Response(readable).arrayBuffer()]),
    files: await times(counts.files, async () => {
      const sealed = await sealStream(keys, plain, { context })
      return new Blob([await new Response(sealed.readable).arrayBuffer()])
    }),
  }
}

async function bareOf(client, name) {
  const { alias: KeyId } = kinds[name]
  if (name === 'P-256') {
    const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
      'deriveBits',
    ])
    const PublicKey = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
    const input = { KeyId, PublicKey, KeyAgreementAlgorithm: /** @type {const} */ ('ECDH') }
    return () => new DeriveSharedSecretCommand(input)
  }
  const EncryptionAlgorithm = /** @type {const} */ ('RSAES_OAEP_SHA_256')
  const { CiphertextBlob } = await client.encrypt({
    KeyId,
    Plaintext: new Uint8Array(32),
    EncryptionAlgorithm,
  })
  return () => new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm })
}

/** Reads outcomes to the end. What does not open ends the benchmark. */
async function drained(outcomes) {
  for await (const { error } of outcomes) if (error) throw error
}
const sink = async ({ readable }) => {
  for await (const _ of readable);
}

/** One line of the table: all rates at one concurrency. */
async function ratesOf(client, name, material, concurrency) {
  const openerWith = async (o = {}) => {
    const opener = createOpener({ kms: client, keys: [kinds[name].alias], ...o })
    await opener.ready()
    return opener
  }
  const [plain, cached] = [await openerWith(), await openerWith({ cache })]
  const values = (opener, jwes) =>
    rateOf(jwes.length, () =>
      drained(
        opener.openMany(
          jwes.map((jwe) => ({ jwe, context })),
          { concurrency },
        ),
      ),
    )
  const files = (sources) =>
    rateOf(sources.length, () =>
      drained(
        plain.openManyFiles(
          sources.map((source) => ({ source, context, sink })),
          { concurrency },
        ),
      ),
    )
  const bare = () => rateOf(counts.calls, () => bareCalls(client, material.bare, concurrency))
  const before = await bare()
  const distinct = await values(plain, material.distinct)
  return {
    // what else the machine does changes meanwhile
    limit: Math.max(before, await bare()),
    distinct,
    grouped: await values(plain, material.grouped),
    cached: await values(cached, material.distinct),
    files: await files(material.files),
    copies: await files(Array(counts.files).fill(material.copy)),
  }
}

async function main() {
  const child = fork(fileURLToPath(import.meta.url), ['--kms'])
  try {
    const [config] = await once(child, 'message')
    const client = new KMS({ ...config, maxAttempts: 1 })
    const widths = [-10, 5, 12, 18, 12, 12, 16, 18]
    console.log('values a second, and MiB/s of files of 1 MiB; in brackets: beside bare calls')
    const heads = [
      'key',
      'at',
      'bare calls',
      'distinct keys',
      'one sealer',
      'cache',
      'files',
      'copies',
    ]
    console.log(columns(widths, heads))
    for (const name of /** @type {(keyof typeof kinds)[]} */ (Object.keys(kinds))) {
      const material = await materialOf(client, name)
      for (const concurrency of [1, 8, 32]) {
        const rates = await ratesOf(client, name, material, concurrency)
        const beside = (rate) => `${number(rate)} (${number(rate / rates.limit, 2)})`
        const { limit, distinct, grouped, cached, files, copies } = rates
        console.log(
          columns(widths, [
            name,
            concurrency,
            number(limit),
            beside(distinct),
            number(grouped),
            number(cached),
            beside(files),
            number(copies),
          ]),
        )
      }
    }
    client.destroy()
  } finally {
    child.disconnect()
  }
}

await (process.argv[2] === '--kms' ? serveKms() : main())
