import { generateMaterial, privateKeyInfo, publicKeyOf } from './material.js'
import type { Random } from './seeded-random.js'

export interface DataKeyPair {
  /** PKCS#8, DER; ML-KEM in seed format, 86 bytes for each of its specs. */
  readonly privateKey: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
}

/** Makes a pair of one of the KeyPairSpecs, for use outside of KMS. */
export async function generateDataKeyPair(spec: string, random?: Random): Promise<DataKeyPair> {
  const material = await generateMaterial(spec, random)
  return { privateKey: privateKeyInfo(spec, material), publicKey: publicKeyOf(spec, material) }
}
