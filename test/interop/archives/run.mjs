// A part of npm run test:interop: archives under a symmetric KMS key. AWS's SDKs for Python and Go
// open ours with their aws-kms keyrings, we open theirs, also of before a rotation of the key.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMSClient, ListKeyRotationsCommand, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms'
import { importKeySet, inHand, isSealdropError, sealStream } from 'sealdrop'
import { createArchiveReader, createOpener, createPublisher, createResealer } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { goProgram, pythonProgram } from '../environment.mjs'
import { environmentOf, runner } from '../programs.mjs'
import { conclude, printTable, report, reportCell } from '../report.mjs'

const ours = 'Sealdrop'
const frameLength = 1024 // Python writes multiples of 128 bytes only
const sent = { form: 'claim' }
const archiveKey = 'alias/archive'
const sealedTo = 'alias/sealed-to'
const contexts = {
  empty: {},
  'one pair': { purpose: 'archive' },
  'not ASCII': { '\u{1f600}': 'smile', '\uff5e': 'tilde', straße: 'Köln' },
}
const sizes = [0, 1, frameLength - 1, frameLength, frameLength + 1, 3 * frameLength]

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-archives-'))
const local = await startLocalKms({
  keys: [
    { alias: archiveKey, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
    { alias: sealedTo, spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  ],
})
const kms = local.clientConfig
const arn = local.keys[archiveKey]
const admin = new KMSClient(kms)
const opener = createOpener({ kms, keys: [sealedTo] })
const reader = createArchiveReader({ kms, keys: [arn] })
const foreignReader = createArchiveReader({ kms, keys: [arn], foreign: true })
const { jwks } = await createPublisher({
  kms,
  keys: [{ key: sealedTo, withArn: true }],
}).documents()
const keys = importKeySet(jwks, { trust: inHand() })

const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer())
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const sealed = async (plaintext) =>
  bytesOf((await sealStream(keys, new Blob([plaintext]), { context: sent })).readable)

const env = environmentOf(local)
const [python, go] = await Promise.all([pythonProgram(), goProgram()])
const foreign = {
  Python: runner(python, 'Python', env, folder),
  Go: runner(go, 'Go', env, folder),
}
const keyOfJob = { keyring: 'symmetric', arn }

/** Every context with every size, in a phase of the key. */
const rowsOf = (phase) =>
  Object.entries(contexts).flatMap(([name, context]) =>
    sizes.map((size, index) => {
      const plaintext = randomBytes(size)
      const file = join(folder, `${phase}-${name.replace(' ', '-')}-${index}`)
      const title = `${phase} the rotation, context ${name}, ${size} bytes`
      return { name: title, context, plaintext, file, sha256: sha256(plaintext) }
    }),
  )

/** What we re-seal of what was sealed to the company. */
async function oursOf(rows) {
  return Promise.all(
    rows.map(async (row) => {
      const resealer = createResealer({ kms, key: archiveKey, context: row.context })
      const opened = await opener.openStream(await sealed(row.plaintext), { context: sent })
      const { readable, original } = await resealer.reseal(opened, { frameLength })
      const file = `${row.file}-${ours}`
      await writeFile(file, readable)
      await resealer.close()
      const named = {
        'sealdrop:message-id': original.messageId,
        'sealdrop:header': original.headerDigest,
      }
      return { ...row, file, original, whole: { ...row.context, ...named }, writer: ours }
    }),
  )
}

/** What an SDK writes by itself. */
async function foreignOf(writer, rows, more = {}) {
  const written = rows.map((row) => ({
    ...row,
    file: `${row.file}-${writer}${more.defaultSuite ? '-signed' : ''}`,
    writer,
    whole: row.context,
  }))
  const plaintextOf = ({ file }) => `${file}-plaintext`
  await Promise.all(written.map((row) => writeFile(plaintextOf(row), row.plaintext)))
  const jobs = written.map((row) => ({
    kind: 'seal',
    keys: [keyOfJob],
    context: row.context,
    frameLength,
    messageFile: row.file,
    plaintextFile: plaintextOf(row),
    ...more,
  }))
  const { sdk, results } = await foreign[writer](jobs)
  console.log(`${writer} is ${sdk}`)
  report(
    `${writer} writes archives${more.defaultSuite ? ' under its default suite' : ''}`,
    written.map(({ name }, index) => ({ name, failure: results[index]?.error })),
  )
  return written
}

const failureText = (error) =>
  `${isSealdropError(error) ? error.code : error.name}: ${error.message}`

async function ourOpen({ file, context, original, writer }) {
  const by = writer === ours ? reader : foreignReader
  const source = await readFile(file)
  const opened = await by.openStream(source, { context, ...(original && { original }) })
  return { sha256: sha256(await bytesOf(opened.readable)) }
}

/** What each reader makes of messages: a digest or an error each. */
async function opensOf(who, rows) {
  if (who === ours)
    return Promise.all(
      rows.map((row) => ourOpen(row).catch((error) => ({ error: failureText(error) }))),
    )
  const jobs = rows.map(({ file, whole }) => ({
    kind: 'open',
    keys: [keyOfJob],
    context: whole,
    messageFile: file,
  }))
  return (await foreign[who](jobs)).results
}

async function openAll(who, written) {
  const results = await opensOf(who, written)
  const checks = written.map((row, index) => {
    const { error, sha256: found } = results[index] ?? { error: 'no result' }
    const failure = error ?? (found === row.sha256 ? undefined : 'another plaintext came out')
    return { name: row.name, writer: row.writer, failure }
  })
  for (const writer of new Set(checks.map((check) => check.writer)))
    reportCell(
      { reader: who, writer },
      `${who} opens the archives of ${writer}`,
      checks.filter((check) => check.writer === writer),
    )
}

/** What must not open: a bit turned, and another context than the one that is named. */
async function refusals(who, written) {
  const rows = written.filter(({ plaintext }) => plaintext.length > frameLength)
  const turned = rows.map(async (row) => {
    const bytes = await readFile(row.file)
    bytes[bytes.length - 1] ^= 1
    await writeFile(`${row.file}-turned`, bytes)
    return {
      ...row,
      name: `${row.name}, last bit turned`,
      file: `${row.file}-turned`,
      code: 'rejected',
    }
  })
  const another = rows.map((row) => ({
    ...row,
    name: `${row.name}, with another context`,
    context: { ...row.context, purpose: 'another' },
    whole: { ...row.whole, purpose: 'another' },
    code: 'context_mismatch',
  }))
  const all = [...(await Promise.all(turned)), ...another]
  const results = await opensOf(who, all)
  report(
    `${who} refuses what is not right`,
    all.map(({ name, code }, index) => ({
      name,
      failure: notRefused(results[index]?.error, who === ours ? code : ''),
    })),
  )
}

/** Only of ours the code is known; others refuse in words of their own. */
function notRefused(error, start) {
  if (error === undefined) return 'it opened'
  return error.startsWith(start) ? undefined : `expected ${start}, found ${error}`
}

/** Objects that somebody put in the place of an archive. */
async function swapped(archives, theirs, signed) {
  const [archive, other] = archives.filter(({ plaintext }) => plaintext.length > 1)
  const { context, original } = archive
  const cases = [
    ['a file that was sealed to the RSA key', 'key_not_found', await sealed('swapped')],
    ['another archive of ours', 'context_mismatch', await readFile(other.file)],
    ...(await Promise.all(
      theirs.map(async ({ writer, file }) => [
        `an archive of ${writer}, which names no original`,
        'context_mismatch',
        await readFile(file),
      ]),
    )),
    ...(await Promise.all(
      signed.map(async ({ writer, file }) => [
        `what ${writer} writes under its default suite`,
        'unsupported_algorithm',
        await readFile(file),
      ]),
    )),
  ]
  const checks = cases.map(async ([name, code, bytes]) => {
    const found = await reader
      .openStream(bytes, { context, original })
      .then(() => undefined, failureText)
    const saysSuite = code !== 'unsupported_algorithm' || found?.includes('(0x0478)')
    return { name, failure: saysSuite ? notRefused(found, code) : `no suite is named: ${found}` }
  })
  report(`${ours} refuses what was put in the place of an archive`, await Promise.all(checks))
  const found = await opener
    .openStream(await readFile(archive.file), { context })
    .then(() => undefined, failureText)
  const failure = found?.includes('createArchiveReader')
    ? notRefused(found, 'key_not_found')
    : `the reader is not named: ${found}`
  report('an opener refuses an archive, and names its reader', [{ name: archive.name, failure }])
}

/** What all write in a phase of the key. */
async function writtenIn(phase) {
  const rows = rowsOf(phase)
  return [
    ...(await oursOf(rows)),
    ...(await foreignOf('Python', rows)),
    ...(await foreignOf('Go', rows)),
  ]
}

try {
  const before = await writtenIn('before')
  await admin.send(new RotateKeyOnDemandCommand({ KeyId: arn }))
  const { Rotations = [] } = await admin.send(new ListKeyRotationsCommand({ KeyId: arn }))
  report('the key was rotated', [
    { name: arn, failure: Rotations.length === 1 ? undefined : `${Rotations.length} rotations` },
  ])
  const written = [...before, ...(await writtenIn('after'))]
  for (const who of [ours, ...Object.keys(foreign)]) {
    await openAll(who, written)
    await refusals(who, written)
  }
  const of = (writer) => written.filter((row) => row.writer === writer)
  const [row] = rowsOf('after').filter(({ plaintext }) => plaintext.length > 1)
  const signed = [
    ...(await foreignOf('Python', [row], { defaultSuite: true })),
    ...(await foreignOf('Go', [row], { defaultSuite: true })),
  ]
  await swapped(of(ours), [of('Python')[0], of('Go')[0]], signed)
} finally {
  await Promise.all([opener, reader, foreignReader].map((one) => one.close()))
  admin.destroy()
  await local.close()
  await rm(folder, { recursive: true, force: true })
}
printTable()
conclude()
