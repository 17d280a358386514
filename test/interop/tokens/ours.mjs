// Sealdrop by the protocol of the foreign programs: tokens are signed by a KMS, and verified under
// a key set that is fetched.
import { createHash } from 'node:crypto'
import { fetchKeySet, isSealdropError, overHttps, verifyJwt } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { mlDsa } from 'sealdrop/ml-dsa'
import { keySetHandler } from 'sealdrop/serve'
import { kmsSpecs } from './algorithms.mjs'

/**
 * As startLocalKms takes them: one key for each algorithm, since an RSA key is published with one.
 */
export const kmsKeys = Object.entries(kmsSpecs).map(([alg, spec]) => ({
  alias: alg,
  spec,
  usage: 'SIGN_VERIFY',
}))

/**
 * The set as a publisher serves it, without the keys of a type if one is given. @returns
 * fetch-style handler
 */
export function ourHandler({ clientConfig: kms, keys }, without) {
  const algorithms = Object.keys(kmsSpecs).filter(
    (alg) => without === undefined || !(without === 'AKP' && alg.startsWith('ML-DSA')),
  )
  return keySetHandler(
    createPublisher({ kms, keys: algorithms.map((alg) => ({ key: keys[alg], use: 'sig', alg })) }),
  )
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

const file = Buffer.from('a file')

/** The chunk digest of a file of one chunk, by node:crypto (file-signature.md, "Chunk digest"). */
function chunkDigest() {
  const sizes = Buffer.alloc(12)
  sizes.writeBigUInt64BE(BigInt(file.length))
  sizes.writeUInt32BE(1_048_576, 8)
  const chunk = createHash('sha256').update(file).digest()
  return createHash('sha256')
    .update('sealdrop-chunks-v1')
    .update(sizes)
    .update(chunk)
    .digest('base64url')
}

/**
 * Receipts and the first lines of file signatures, by each algorithm: with the published key, and
 * what is to be read in them.
 */
export async function ourDocuments({ clientConfig: kms, keys }) {
  const made = Object.keys(kmsSpecs).map(async (alg) => {
    const signer = createSigner({ kms, key: keys[alg], alg })
    const receipt = await signer.signReceipt({
      messageId: `m-${alg}`,
      digest: 'd',
      length: 1,
      context: {},
      stage: 'opened',
    })
    const [line] = (await signer.signFile(new Blob([file]))).split('\n')
    await signer.close()
    const { jwks } = await createPublisher({
      kms,
      keys: [{ key: keys[alg], use: 'sig', alg }],
    }).documents()
    const [jwk] = JSON.parse(jwks).keys
    return [
      { name: alg, alg, jwk, token: receipt, says: `"messageId":"m-${alg}"` },
      { name: alg, alg, jwk, token: line, says: `"digest":"${chunkDigest()}"` },
    ]
  })
  const both = await Promise.all(made)
  return {
    'our receipts': both.map(([receipt]) => receipt),
    'our file signatures': both.map(([, line]) => line),
  }
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
    results.push(
      await work.catch((error) => ({
        error: `${isSealdropError(error) ? error.code : error.name}: ${error.message}`,
      })),
    )
  }
  return { versions: {}, results }
}
