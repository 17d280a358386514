// Files, and keys of the local KMS that sign them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as jose from 'jose'
import { importKeySet, inHand } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { mlDsa } from 'sealdrop/ml-dsa'
import { countingKms } from './counting-kms.mjs'
import { collect } from './sources.js'

export const MiB = 1_048_576
/** Signature algorithm to the KeySpec that has it. */
export const specs = {
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  ES512: 'ECC_NIST_P521',
  PS256: 'RSA_2048',
  RS384: 'RSA_3072',
  PS512: 'RSA_4096',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}

/** The bytes of a file that was verified. */
export const contentOf = async ({ readable }) => Buffer.from(await collect(readable))
/** The claims of a file signature. */
export const claimsOf = (signature) => jose.decodeJwt(signature.split('\n')[0])

/** What the tests of a file share: a local KMS with a key of each algorithm, and a folder. */
export async function fileSigners(test, algs = Object.keys(specs)) {
  const local = await startLocalKms({
    keys: [
      ...algs.map((alg) => ({ alias: `alias/${alg}`, spec: specs[alg], usage: 'SIGN_VERIFY' })),
      { alias: 'alias/enc', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
    ],
  })
  const { client, since } = countingKms(local.clientConfig)
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-'))
  test.after(async () => {
    await local.close()
    await rm(folder, { recursive: true })
  })
  const { jwks } = await createPublisher({
    kms: client,
    keys: algs.map((alg) => ({ key: `alias/${alg}`, alg })),
  }).documents()
  let count = 0
  return {
    client,
    since,
    folder,
    jwks: JSON.parse(jwks).keys,
    keys: importKeySet(jwks, { trust: inHand(), providers: [mlDsa()] }),
    signerOf: async (alg = 'ES256') => {
      const signer = createSigner({ kms: client, key: `alias/${alg}`, algorithm: alg })
      await signer.ready()
      since()
      return signer
    },
    fileWith: async (bytes) => {
      const path = join(folder, `file-${++count}.bin`)
      await writeFile(path, bytes)
      return path
    },
  }
}
