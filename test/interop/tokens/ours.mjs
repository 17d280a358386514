// Sealdrop by the protocol of the foreign programs: tokens are signed by a KMS, and verified under a key set that is fetched.
import { fetchKeySet, isSealdropError, overHttps, verifyJwt } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { mlDsa } from 'sealdrop/ml-dsa'
import { keySetHandler } from 'sealdrop/serve'
import { kmsSpecs } from './algorithms.mjs'

/** As startLocalKms takes them: one key for each algorithm, since an RSA key is published with one. */
export const kmsKeys = Object.entries(kmsSpecs).map(([alg, spec]) => ({ alias: alg, spec, usage: 'SIGN_VERIFY' }))

/** The set as a publisher serves it, without the keys of a type if one is given. @returns fetch-style handler */
export function ourHandler({ clientConfig: kms, keys }, without) {
  const algorithms = Object.keys(kmsSpecs).filter((alg) => without === undefined || !(without === 'AKP' && alg.startsWith('ML-DSA')))
  return keySetHandler(createPublisher({ kms, keys: algorithms.map((alg) => ({ key: keys[alg], use: 'sig', alg })) }))
}

/** A token for each set of claims; `iat` and `exp` are the signer's, so its clock is set. */
async function issue({ clientConfig: kms, keys }, algorithm, allClaims) {
  const tokens = []
  for (const { iat, exp, ...claims } of allClaims) {
    const signer = createSigner({ kms, key: keys[algorithm], algorithm, now: () => iat * 1000 })
    tokens.push(await signer.signJwt(claims, { expiresIn: (exp - iat) * 1000 }))
    await signer.close()
  }
  return { tokens }
}

/** By algorithm, a receipt and the published key that signed it. */
export async function ourReceipts({ clientConfig: kms, keys }) {
  const receipts = Object.keys(kmsSpecs).map(async (alg) => {
    const signer = createSigner({ kms, key: keys[alg], algorithm: alg })
    const receipt = await signer.signReceipt({ messageId: `m-${alg}`, digest: 'd', length: 1, context: {}, stage: 'opened' })
    await signer.close()
    const { jwks } = await createPublisher({ kms, keys: [{ key: keys[alg], use: 'sig', alg }] }).documents()
    return { name: alg, alg, jwk: JSON.parse(jwks).keys[0], token: receipt, says: `"messageId":"m-${alg}"` }
  })
  return Promise.all(receipts)
}

const sets = new Map()

async function verify({ url, token, issuer, audience }) {
  if (!sets.has(url)) sets.set(url, fetchKeySet(url, { trust: overHttps(), providers: [mlDsa()] }))
  return { claims: (await verifyJwt(sets.get(url), token, { issuer, audience })).claims }
}

/** @returns the function that runs jobs */
export const ourRunner = (local) => async (jobs) => {
  const results = []
  for (const job of jobs) {
    const work = job.kind === 'issue' ? issue(local, job.algorithm, job.claims) : verify(job)
    results.push(await work.catch((error) => ({ error: `${isSealdropError(error) ? error.code : error.name}: ${error.message}` })))
  }
  return { versions: {}, results }
}
