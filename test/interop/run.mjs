// npm run test:interop: whoever seals, everyone opens, through the local KMS. What the foreign SDKs
// seal for each other tells a fault of ours from one of theirs; --foreign-only leaves us out.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { present } from '../support/types.mjs'
import { isTried, limitFailure, limitOf } from './limits.mjs'
import { cases, hasEmptyPart, kmsKeys } from './matrix.mjs'
import { isDone } from './part.mjs'
import { foreignPrograms } from './programs.mjs'
import { conclude, printTable, report, reportCell, reportLimits } from './report.mjs'

const ours = 'Sealdrop'
const ourLimits = [
  {
    what: 'no file has a context with an empty name or value, since the SDK for Java opens none',
    does: ['seal'],
    meets: hasEmptyPart,
    says: /^invalid_argument/,
  },
  {
    what: 'whoever seals with us has no KMS, and no static sender',
    does: ['seal'],
    meets: ({ sender }) => sender !== undefined,
  },
]

/** @param {Uint8Array} spki */
function pemOf(spki) {
  const lines = Buffer.from(spki)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN PUBLIC KEY-----\n${lines}-----END PUBLIC KEY-----\n`
}

/** Keys as the jobs name them. */
async function keysOf(local) {
  const kms = new KMSClient(local.clientConfig)
  const keys = await Promise.all(
    Object.entries(local.keys).map(async ([alias, arn]) => {
      const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }))
      const { spec = '' } = kmsKeys.find((key) => key.alias === alias) ?? {}
      const keyring = spec.startsWith('RSA') ? { keyring: 'rsa' } : { keyring: 'ecdh', curve: spec }
      return { alias, spec, arn, publicKeyPem: pemOf(present(PublicKey)), ...keyring }
    }),
  )
  kms.destroy()
  return Object.fromEntries(keys.map((key) => [key.alias, key]))
}

/** One plaintext for each size of the matrix. */
async function plaintextsIn(folder) {
  const sizes = [...new Set(cases.map(({ size }) => size))]
  const made = sizes.map(async (size) => {
    const [bytes, file] = [randomBytes(size), join(folder, `plaintext-${size}`)]
    await writeFile(file, bytes)
    return { size, file, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  return new Map((await Promise.all(made)).map((one) => [one.size, one]))
}

/** Seals all of the matrix that this party can, and says what it has sealed. */
async function sealAll([writer, party], keys, plaintexts, folder) {
  const rows = cases
    .map((row, index) => ({
      ...row,
      keys: row.keys.map((spec) => ({
        ...keys[spec],
        ...(row.sender && { sender: keys[row.sender].arn }),
      })),
      plaintext: plaintexts.get(row.size),
      file: join(folder, `${writer}-${index}`),
    }))
    .map((row) => ({ ...row, limit: limitOf(party.limits, 'seal', row) }))
  const messages = rows.filter(isTried)
  const jobs = messages.map(({ keys: sealedTo, context, frameLength, plaintext, file }) => ({
    kind: 'seal',
    keys: sealedTo,
    context,
    frameLength,
    plaintextFile: plaintext.file,
    messageFile: file,
  }))
  const { sdk, results } = await party.run(jobs)
  console.log(`${writer} is ${sdk}`)
  const checks = messages.map(({ name, limit }, index) => ({
    name,
    limit,
    failure: failureOf(results[index], { limit }),
  }))
  report(
    `${writer} seals`,
    checks.filter(({ limit }) => !limit),
  )
  reportLimits(`${writer} does not seal`, party.limits, rows, checks)
  return messages.filter(({ limit }, index) => !limit && results[index]?.error === undefined)
}

/**
 * What must not open: one message for each key and sender, with another context and with its last
 * bit turned.
 */
async function spoilt(messages) {
  const ofEachKey = new Map(
    messages
      .filter(({ keys, size }) => keys.length === 1 && size > 1)
      .map((message) => [`${message.keys[0].arn} ${message.sender}`, message]),
  )
  const rows = [...ofEachKey.values()].map(async (message) => {
    const bytes = await readFile(message.file)
    bytes[bytes.length - 1] ^= 1
    await writeFile(`${message.file}-turned`, bytes)
    return [
      {
        ...message,
        name: `${message.name}, last bit turned`,
        file: `${message.file}-turned`,
        refused: 'rejected',
      },
      {
        ...message,
        name: `${message.name}, opened with another context`,
        context: { ...message.context, purpose: 'another' },
        refused: 'context_mismatch',
      },
    ]
  })
  return (await Promise.all(rows)).flat()
}

/** Opens each message with each of its keys alone. */
async function openAll([reader, party], written) {
  const rows = written
    .flatMap(([writer, messages]) =>
      messages
        .filter((_, index) => isDone(index, [reader, writer], ours))
        .flatMap((message) =>
          message.keys.map((key) => ({
            ...message,
            writer,
            keys: [key],
            name: message.keys.length > 1 ? `${message.name}, by ${key.spec}` : message.name,
          })),
        ),
    )
    .map((row) => ({ ...row, limit: limitOf(party.limits, 'open', row) }))
  const tried = rows.filter(isTried)
  const { results } = await party.run(
    tried.map(({ keys, context, file }) => ({ kind: 'open', keys, context, messageFile: file })),
  )
  const checks = tried.map((row, index) => ({
    ...row,
    failure: failureOf(results[index], row, reader),
  }))
  for (const [writer] of written) {
    const of = checks.filter((check) => check.writer === writer && !check.limit)
    reportCell(
      { reader, writer },
      `${reader} opens what ${writer} sealed`,
      of.filter(({ refused }) => !refused),
    )
    report(
      `${reader} refuses what was ${writer}'s`,
      of.filter(({ refused }) => refused),
    )
  }
  reportLimits(`${reader} does not open`, party.limits, rows, checks)
}

/**
 * What is wrong with a result, if anything.
 *
 * @param {{ error?: string, sha256?: string } | undefined} result
 * @param {{
 *   refused?: string
 *   plaintext?: { sha256: string }
 *   limit?: import('./limits.mjs').Limit
 * }} expected
 * @param {string} [reader]
 * @returns {string | undefined}
 */
function failureOf(result, { refused, plaintext, limit }, reader) {
  if (result === undefined) return 'no result'
  if (limit) return limitFailure(result, limit)
  if (refused) return notRefused(result.error, reader === ours ? refused : '')
  if (result.error !== undefined) return result.error
  return plaintext && result.sha256 !== plaintext.sha256 ? 'another plaintext came out' : undefined
}

/** Only of ours the code is known; others refuse in words of their own. */
function notRefused(error, code) {
  if (error === undefined) return 'it opened'
  return error.startsWith(code) ? undefined : `expected ${code}, found ${error}`
}

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-interop-'))
const local = await startLocalKms({ keys: kmsKeys })
try {
  const parties = Object.entries(await foreignPrograms(local, folder))
  if (!process.argv.includes('--foreign-only')) {
    const { ourRunner } = await import('./ours.mjs')
    parties.unshift([
      ours,
      {
        run: await ourRunner({ kms: local.clientConfig, arns: Object.values(local.keys) }),
        limits: ourLimits,
      },
    ])
  }
  const [keys, plaintexts] = [await keysOf(local), await plaintextsIn(folder)]
  const written = []
  for (const party of parties) {
    const messages = await sealAll(party, keys, plaintexts, folder)
    written.push([party[0], [...messages, ...(await spoilt(messages))]])
  }
  for (const party of parties) await openAll(party, written)
} finally {
  await local.close()
  await rm(folder, { recursive: true, force: true })
}
printTable()
conclude()
