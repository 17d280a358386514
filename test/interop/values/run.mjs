// npm run test:interop, third part: whoever writes a value to a published key, everyone reads it.
// What the foreign libraries write for each other tells a fault of ours from one of theirs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalKms } from 'sealdrop/local-kms'
import { isTried, limitFailure, limitOf } from '../limits.mjs'
import { conclude, printTable, report, reportCell, reportLimits } from '../report.mjs'
import { isDone } from '../part.mjs'
import { limits } from './limits.mjs'
import { cases } from './matrix.mjs'
import { ourRunner } from './ours.mjs'
import { libraries } from './programs.mjs'
import { publish } from './published.mjs'

const ours = 'Sealdrop'
const iat = Math.floor(Date.now() / 1000)

/**
 * The header of a value, as every library is asked to write it.
 *
 * @param {typeof cases[number]} row
 * @param {string} kid
 */
const headerOf = ({ alg, cty, context, info }, kid) => ({
  alg,
  enc: 'A256GCM',
  kid,
  ...(cty && { cty }),
  ...(context && { ctx: context }),
  ...info,
  iat,
  jti: 'AAAAAAAAAAAAAAAAAAAAAA',
})

/** Writes all that this party can. @returns the rows with their values */
async function writeAll(party, { set, keys }) {
  const rows = cases.map((row) => ({ ...row, limit: limitOf(limits[party.name], 'write', row) }))
  const tried = rows.filter(isTried)
  const { versions, results } = await party.run(
    tried.map((row) => ({
      kind: 'write',
      set,
      header: headerOf(row, keys[row.key].kid),
      plaintext: row.plaintext.toString('base64'),
      shortEpk: row.alg === 'RSA-OAEP-256' ? null : (row.shortEpk ?? false),
    })),
  )
  const checks = tried.map((row, index) => ({
    ...row,
    value: results[index]?.value,
    failure: failureOf(results[index], { limit: row.limit }),
  }))
  report(
    `${party.name} ${versions[party.name] ?? ''} writes`,
    checks.filter(({ limit }) => !limit),
  )
  reportLimits(`${party.name} does not write`, limits[party.name], rows, checks)
  return checks.filter(({ limit, value }) => !limit && value !== undefined)
}

/** A value with one bit turned in one of its five parts. */
function turned(value, part) {
  const parts = value.split('.')
  const bytes = Buffer.from(parts[part], 'base64url')
  bytes[0] ^= 1
  parts[part] = bytes.toString('base64url')
  return parts.join('.')
}

/** What must not open: one value for each key, spoilt in several ways. */
function spoilt(rows) {
  return rows
    .filter(({ kind }) => kind === 'a text')
    .flatMap((row) => [
      { ...row, name: `${row.name}, a bit of the ciphertext turned`, value: turned(row.value, 3) },
      { ...row, name: `${row.name}, a bit of the tag turned`, value: turned(row.value, 4) },
      { ...row, name: `${row.name}, another iv`, value: turned(row.value, 2) },
    ])
    .map((row) => ({ ...row, refused: 'rejected' }))
}

/** One reader, the values of all. */
async function readAll(party, written, keys) {
  const rows = written
    .flatMap(([writer, values]) =>
      values
        .filter((_, index) => isDone(index, [party.name, writer], ours))
        .map((row) => ({ ...row, writer })),
    )
    .map((row) => ({ ...row, limit: limitOf(limits[party.name], 'read', row) }))
  const { results } = await party.run(
    rows.map(({ key, value, alg, cty, context = {} }) => ({
      kind: 'read',
      jwk: { ...keys[key].jwk, kid: keys[key].kid },
      value,
      alg,
      cty,
      context,
    })),
  )
  const checks = rows.map((row, index) => ({
    ...row,
    failure: failureOf(results[index], row, party.name),
  }))
  for (const [writer] of written) {
    const of = checks.filter((check) => check.writer === writer && !check.limit)
    reportCell(
      { reader: party.name, writer },
      `${party.name} reads what ${writer} wrote`,
      of.filter(({ refused }) => !refused),
    )
    report(
      `${party.name} refuses what was ${writer}'s`,
      of.filter(({ refused }) => refused),
    )
  }
  reportLimits(`${party.name} does not read`, limits[party.name], rows, checks)
}

/**
 * What is wrong with a result, if anything.
 *
 * @param {{ error?: string, plaintext?: string } | undefined} result
 * @param {{
 *   refused?: string
 *   plaintext?: Buffer
 *   cty?: string
 *   limit?: import('../limits.mjs').Limit
 * }} expected
 * @param {string} [reader]
 */
function failureOf(result, { refused, plaintext, cty, limit }, reader) {
  if (result === undefined) return 'no result'
  if (limit) return limitFailure(result, limit)
  if (refused) return notRefused(result.error, reader === ours ? refused : '')
  if (result.error !== undefined) return result.error
  if (plaintext === undefined) return undefined
  if (result.plaintext === undefined) return 'no plaintext came out'
  const found = Buffer.from(result.plaintext, 'base64')
  // a sealed JSON value ends with spaces, up to a multiple of 64 bytes
  const same =
    cty === 'json' ? found.toString().trimEnd() === plaintext.toString() : found.equals(plaintext)
  return same ? undefined : 'another plaintext came out'
}

/** Only of ours the code is known; others refuse in words of their own. */
function notRefused(error, code) {
  if (error === undefined) return 'it opened'
  return error.startsWith(code) ? undefined : `expected ${code}, found ${error}`
}

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-values-'))
const local = await startLocalKms()
try {
  const published = await publish(local)
  const parties = [
    { name: ours, run: ourRunner(local.clientConfig, published.arns) },
    ...(await libraries(folder)),
  ]
  const written = []
  for (const party of parties) {
    const values = await writeAll(party, published)
    written.push([party.name, [...values, ...spoilt(values)]])
  }
  for (const party of parties) await readAll(party, written, published.keys)
} finally {
  await local.close()
  await rm(folder, { recursive: true, force: true })
}
printTable()
conclude()
