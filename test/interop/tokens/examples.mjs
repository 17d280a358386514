// What the suites take for granted: two libraries that have every algorithm verify the examples of
// RFCs and the frozen tokens, and read our receipts and file signatures.
import { tokens } from '../../vectors/foreign-signatures.js'
import { rfcJws } from '../../vectors/rfc-jws.js'
import { thumbprints } from '../../vectors/thumbprints.js'
import { report } from '../report.mjs'

const encode = (text) => Buffer.from(text).toString('base64url')
const payloadOf = (token) => Buffer.from(token.split('.')[1], 'base64url').toString()

const examples = rfcJws.map(({ name, header, payload, key, signature }) => ({
  name,
  alg: JSON.parse(header).alg,
  jwk: key,
  token: `${encode(header)}.${encode(payload)}.${signature}`,
  says: payload,
}))
const frozen = tokens.map(({ by, alg, jwk, token }) => ({
  name: `${alg} by ${by}`,
  alg,
  jwk,
  token,
  says: payloadOf(token),
}))
const printed = thumbprints.map(({ name, jwk, thumbprint }) => ({ name, jwk, says: thumbprint }))

/**
 * @param readers - by name, what runs jobs; @param documents - of ours, by theme, if we take part
 */
export async function readExamples(readers, documents) {
  const themes = {
    'the examples of RFCs': examples,
    'the frozen tokens': frozen,
    'the printed thumbprints': printed,
    ...documents,
  }
  for (const [reader, run] of Object.entries(readers)) {
    for (const [theme, rows] of Object.entries(themes)) {
      const { results } = await run(
        rows.map(({ alg, jwk, token }) =>
          token
            ? { kind: 'read', library: reader, algorithm: alg, jwk, token }
            : { kind: 'thumbprint', library: reader, jwk },
        ),
      )
      report(
        `${reader} reads ${theme}`,
        rows.map(({ name, says }, index) => ({
          name,
          failure:
            results[index]?.error ??
            (results[index]?.text.includes(says) ? undefined : 'it says something else'),
        })),
      )
    }
  }
}
