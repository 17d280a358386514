// npm run test:interop, second part: whoever issues a JWT, everyone verifies it under the key set
// that the issuer publishes, fetched over HTTP. What the foreign libraries issue for each other
// tells a fault of ours from one of theirs; --foreign-only leaves us out.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalKms } from 'sealdrop/local-kms'
import { listen } from '../../support/listen.mjs'
import { conclude, report } from '../report.mjs'
import { kmsSpecs, libraries } from './algorithms.mjs'
import { readExamples } from './examples.mjs'
import { tokenPrograms } from './programs.mjs'

const ours = 'Sealdrop'
const issuer = 'https://issuer.example'
const audience = 'https://api.example'
const now = Math.floor(Date.now() / 1000)
const good = {
  iss: issuer,
  aud: audience,
  sub: 'straße',
  iat: now,
  exp: now + 3_600,
  scope: 'read',
  nested: { list: [1, true, null] },
}
const signature = /signature|crypto|rejected|verif/i

/** Sets of claims, and what is done to a token that was signed: who refuses it says why. */
const variants = [
  { name: 'verifies', claims: good },
  { name: 'for several audiences', claims: { ...good, aud: ['https://other.example', audience] } },
  {
    name: 'expired',
    claims: { ...good, iat: now - 7_200, exp: now - 3_600 },
    refused: /expired|"exp"/i,
  },
  {
    name: 'for another audience',
    claims: { ...good, aud: 'https://other.example' },
    refused: /aud/i,
  },
  { name: 'of another issuer', claims: { ...good, iss: 'https://other.example' }, refused: /iss/i },
  {
    name: 'with a changed claim',
    claims: good,
    spoil: (header, payload, made) => [header, encode({ ...good, scope: 'write' }), made],
    refused: signature,
  },
  {
    name: 'with a bit of the signature turned',
    claims: good,
    spoil: (header, payload, made) => [header, payload, turned(made)],
    refused: signature,
  },
]
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function turned(made) {
  const bytes = Buffer.from(made, 'base64url')
  bytes[7] ^= 4
  return bytes.toString('base64url')
}

/**
 * Who issues and verifies.
 *
 * @typedef {object} Party
 * @property {readonly string[]} algorithms - that it verifies
 * @property {readonly string[]} [issues] - default: the same
 * @property {string} [without] - a type of key that must not be in a set that it reads
 * @property {(jobs: object[]) => Promise<any>} run
 *
 * @typedef {[name: string, party: Party]} Named
 */

/**
 * Keys and tokens of one issuer.
 *
 * @param {Named} named
 */
async function issueAll([writer, { algorithms, issues = algorithms, run }]) {
  const jobs = issues.map((algorithm) => ({
    kind: 'issue',
    library: writer,
    algorithm,
    bits: 2048,
    claims: variants.map(({ claims }) => claims),
  }))
  const { versions, results } = await run(jobs)
  report(
    `${writer} ${versions[writer] ?? ''} issues`,
    results.map(({ error }, index) => ({ name: issues[index], failure: error })),
  )
  const issued = results
    .map((result, index) => ({ algorithm: issues[index], ...result }))
    .filter(({ error }) => error === undefined)
  const tokens = issued.flatMap(({ algorithm, tokens: made }) =>
    made.map((token, index) => {
      const { name, claims, spoil, refused } = variants[index]
      return {
        writer,
        algorithm,
        name: `${algorithm} ${name}`,
        claims,
        refused,
        token: spoil ? spoil(...token.split('.')).join('.') : token,
      }
    }),
  )
  return { writer, jwks: issued.map(({ jwk }) => jwk), tokens }
}

/** What is wrong with a result, if anything. */
function failureOf(result, { claims, refused }) {
  if (result === undefined) return 'no result'
  if (refused) return notRefused(result, refused)
  if (result.error !== undefined) return result.error
  return ['iss', 'sub', 'iat', 'exp', 'scope', 'nested'].every(
    (name) => JSON.stringify(result.claims[name]) === JSON.stringify(claims[name]),
  )
    ? undefined
    : `other claims came out: ${JSON.stringify(result.claims)}`
}

function notRefused({ error }, why) {
  if (error === undefined) return 'it verified'
  return why.test(error) ? undefined : `refused for another reason: ${error}`
}

/**
 * One reader, all tokens whose algorithm it has.
 *
 * @param {Named} named
 */
async function verifyAll([reader, { algorithms, without, run }], tokens, urlOf) {
  const rows = tokens.filter(({ algorithm }) => algorithms.includes(algorithm))
  const { results } = await run(
    rows.map(({ writer, algorithm, token }) => ({
      kind: 'verify',
      library: reader,
      algorithm,
      token,
      issuer,
      audience,
      url: urlOf(writer, without),
    })),
  )
  const checks = rows.map((row, index) => ({ ...row, failure: failureOf(results[index], row) }))
  for (const writer of new Set(rows.map((row) => row.writer))) {
    const of = checks.filter((check) => check.writer === writer)
    report(
      `${reader} verifies what ${writer} issued`,
      of.filter(({ refused }) => !refused),
    )
    report(
      `${reader} refuses what was ${writer}'s`,
      of.filter(({ refused }) => refused),
    )
  }
}

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-tokens-'))
const handlers = new Map()
const server = await listen(
  async (request) =>
    (await handlers.get(new URL(request.url).pathname.slice(1))?.(request)) ??
    new Response(null, { status: 404 }),
)
const nameOf = (writer, without) =>
  [encodeURIComponent(writer), without].filter(Boolean).join('-without-')
let local, documents
try {
  const programs = await tokenPrograms(folder)
  const parties = Object.entries(libraries).map(
    ([name, { language, ...row }]) =>
      /** @type {Named} */ ([name, { ...row, run: programs[language] }]),
  )
  const excluded = [undefined, ...new Set(parties.flatMap(([, { without }]) => without ?? []))]
  if (!process.argv.includes('--foreign-only')) {
    const { kmsKeys, ourDocuments, ourHandler, ourRunner } = await import('./ours.mjs')
    local = await startLocalKms({ keys: kmsKeys })
    parties.unshift([
      ours,
      {
        algorithms: [...Object.keys(kmsSpecs), 'EdDSA'],
        issues: Object.keys(kmsSpecs),
        run: ourRunner(local),
      },
    ])
    for (const type of excluded) handlers.set(nameOf(ours, type), ourHandler(local, type))
    documents = await ourDocuments(local)
  }
  const tokens = []
  for (const party of parties) {
    if (party[1].issues?.length === 0) continue
    const issued = await issueAll(party)
    tokens.push(...issued.tokens)
    for (const type of excluded) {
      const keys = issued.jwks.filter((jwk) => jwk?.kty !== type || type === undefined)
      if (party[0] !== ours) handlers.set(nameOf(party[0], type), () => Response.json({ keys }))
    }
  }
  for (const party of parties)
    await verifyAll(
      party,
      tokens,
      (writer, without) => new URL(nameOf(writer, without), server.url).href,
    )
  await readExamples({ jose: programs.Node, jwcrypto: programs.Python }, documents)
} finally {
  await server.close()
  await local?.close()
  await rm(folder, { recursive: true, force: true })
}
conclude()
