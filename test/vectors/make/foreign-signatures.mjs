// Makes ../foreign-signatures.js, by hand: it was run once, and what it wrote is frozen. It makes
// new keys each time.
//
//   node_modules/.bin/node --no-warnings test/vectors/make/foreign-signatures.mjs
//
// Node 24 (OpenSSL 3.5 for ML-DSA), the openssl command from 3.0, Python 3.11 and Go 1.25; the last
// two get the libraries that test/interop/tokens/ pins, whose programs sign here too.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { libraries } from '../../interop/tokens/algorithms.mjs'
import { tokenPrograms } from '../../interop/tokens/programs.mjs'
import { byOpenssl, opensslVersions } from './openssl.mjs'

const algorithms = [
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
]
const bitsOf = (alg) => ({ 256: 2048, 384: 3072, 512: 4096 })[alg.slice(2)] ?? 0
const short = 'grüße'
const long = 'Sealdrop '.repeat(1_000)
const base64 = (text) => Buffer.from(text).toString('base64')
const claims = {
  iss: 'https://issuer.example',
  aud: 'https://api.example',
  sub: 'straße',
  iat: 1_800_000_000,
  exp: 1_800_003_600,
  nested: { list: [1, true, null] },
}

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-vectors-'))
const { Python, Go } = await tokenPrograms(folder)

/** Results of jobs; every failure ends the making. */
async function all(run, jobs) {
  const { versions, results } = await run(jobs)
  for (const [index, { error }] of results.entries())
    if (error) throw new Error(`${JSON.stringify(jobs[index]).slice(0, 200)}: ${error}`)
  return { versions, results }
}

const signing = (library) =>
  algorithms.map((algorithm) => ({
    kind: 'sign',
    library,
    algorithm,
    bits: bitsOf(algorithm),
    messages: [base64(short)],
    external: base64(long),
  }))
const issuers = Object.entries(libraries).filter(([, { language }]) => language !== 'Node')
const issuing = (language) =>
  issuers
    .filter(([, row]) => row.language === language)
    .flatMap(([library, row]) =>
      row.algorithms.map((algorithm) => ({
        kind: 'issue',
        library,
        algorithm,
        bits: bitsOf(algorithm),
        claims: [claims],
      })),
    )

const jobs = {
  Python: [...signing('cryptography'), ...issuing('Python')],
  Go: [...signing('Go'), ...issuing('Go')],
}
const [python, go] = [await all(Python, jobs.Python), await all(Go, jobs.Go)]
const versions = { ...python.versions, ...go.versions }

const signatures = []
for (const alg of algorithms) {
  const {
    signatures: [overShort, overLong],
    ...made
  } = byOpenssl(alg, bitsOf(alg), [Buffer.from(short), Buffer.from(long)], folder)
  signatures.push({
    by: alg.startsWith('ML-DSA') ? 'OpenSSL 3.5' : 'OpenSSL',
    alg,
    ...made,
    short: overShort,
    long: overLong,
  })
}
const tokens = []
for (const [language, { results }] of Object.entries({ Python: python, Go: go })) {
  for (const [index, { kind, library: by, algorithm: alg }] of jobs[language].entries()) {
    const { jwk, spki, signatures: made, external, tokens: issued } = results[index]
    if (kind === 'sign')
      signatures.push({
        by,
        alg,
        jwk,
        spki,
        short: made[0],
        ...(external && { long: external.signature, mu: external.mu }),
      })
    else tokens.push({ by, alg, jwk, spki, token: issued[0] })
  }
}
await rm(folder, { recursive: true, force: true })

const openssl = versions.OpenSSL.split(' ').slice(0, 2).join(' ')
const makers = {
  OpenSSL: `OpenSSL ${opensslVersions.command} (command line)`,
  'OpenSSL 3.5': `OpenSSL ${opensslVersions.node}`,
  cryptography: `cryptography ${versions.cryptography} (Python ${versions.Python}, ${openssl})`,
  Go: `Go ${versions.Go}; for ML-DSA filippo.io/mldsa ${versions['filippo.io/mldsa']}`,
  ...Object.fromEntries(
    issuers.map(([name, { language }]) => [name, `${name} ${versions[name]} (${language})`]),
  ),
}
makers['filippo.io/mldsa'] =
  `golang-jwt ${versions['golang-jwt']} with filippo.io/mldsa ${versions['filippo.io/mldsa']} (Go)`

const rows = (list) => `[\n${list.map((row) => `  ${JSON.stringify(row)},\n`).join('')}]`
await writeFile(
  new URL('../foreign-signatures.js', import.meta.url),
  `// Signatures and tokens that other implementations made, each with a key of its own; its public
// half is here as JWK and as SPKI.
// Written by make/foreign-signatures.mjs on ${new Date().toISOString().slice(0, 10)}, and frozen
// since. Counts: ${signatures.length} keys that signed messages, ${tokens.length} that signed a
// token.

export const makers = ${JSON.stringify(makers, null, 2)}

/** What was signed. The long one is above the 4,096 bytes that KMS takes. */
export const messages = { short: ${JSON.stringify(short)}, long: 'Sealdrop '.repeat(1_000) }

/**
 * Over messages: ECDSA as DER, PSS with a salt as long as the hash. \`mu\`: the long message was
 * signed with ML-DSA as this 64 bytes (FIPS 204 §6.2, an external mu), which verifies as a
 * signature over the message. \`refused\`: over the short message, what JOSE and KMS do not make.
 */
export const signatures = ${rows(signatures)}

export const claims = ${JSON.stringify(claims)}

/** Compact JWTs with these claims. */
export const tokens = ${rows(tokens)}
`,
)
console.log(`${signatures.length} keys that signed messages, ${tokens.length} that signed a token`)
