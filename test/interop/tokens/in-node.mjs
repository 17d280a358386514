// jose, by the protocol of the foreign programs but in this process.
import { readFileSync } from 'node:fs'
import {
  calculateJwkThumbprint,
  compactVerify,
  createRemoteJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'

const { version } = JSON.parse(
  readFileSync(new URL('../../../node_modules/jose/package.json', import.meta.url), 'utf8'),
)
const sets = new Map()

const verbs = {
  async issue({ algorithm, bits, claims }) {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, {
      modulusLength: bits,
      extractable: true,
    })
    const jwk = await exportJWK(publicKey)
    const kid = await calculateJwkThumbprint(jwk)
    const tokens = await Promise.all(
      claims.map((payload) =>
        new SignJWT(payload)
          .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
          .sign(privateKey),
      ),
    )
    return { jwk: { ...jwk, kid, alg: algorithm, use: 'sig' }, tokens }
  },
  async read({ jwk, token, algorithm }) {
    const { payload } = await compactVerify(token, await importJWK(jwk, algorithm), {
      algorithms: [algorithm],
    })
    return { text: new TextDecoder().decode(payload) }
  },
  thumbprint: async ({ jwk }) => ({ text: await calculateJwkThumbprint(jwk) }),
  async verify({ url, token, algorithm, issuer, audience }) {
    if (!sets.has(url)) sets.set(url, createRemoteJWKSet(new URL(url)))
    const { payload } = await jwtVerify(token, sets.get(url), {
      issuer,
      audience,
      algorithms: [algorithm],
      requiredClaims: ['exp'],
    })
    return { claims: payload }
  },
}

export async function runInNode(jobs) {
  const results = []
  for (const { kind, ...job } of jobs)
    results.push(
      await verbs[kind](job).catch((error) => ({ error: `${error.code}: ${error.message}` })),
    )
  return {
    versions: { jose: version, Node: process.versions.node, OpenSSL: process.versions.openssl },
    results,
  }
}
