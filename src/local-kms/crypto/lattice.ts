import { Buffer } from 'node:buffer'
import nodeCrypto, { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { concat, equal, type Bytes } from '../../bytes/bytes.js'
import {
  mlDsaPublicKey,
  mlDsaSign,
  mlDsaSignMu,
  mlDsaVerify,
  mlDsaVerifyMu,
  mlKemDecapsulate,
  mlKemEncapsulate,
  mlKemPublicKey,
  type MlDsaSpec,
  type MlKemSpec,
} from './post-quantum.js'

// Node's own implementation is used where it has one. Whether it has is found out by making a key,
// and never by the version of Node.

export type LatticeSpec = MlDsaSpec | MlKemSpec

interface LatticeRow {
  /**
   * The last two octets of the object identifier in DER.
   *
   * Identifiers begin with 2.16.840.1.101.3.4.3.17 (ML-DSA) and 2.16.840.1.101.3.4.4.1 (ML-KEM).
   */
  readonly oid: readonly [arc: number, leaf: number]
  readonly publicKey: number
  readonly seed: number
}

/** Sizes: FIPS 204 table 2, FIPS 203 table 3. Identifiers: RFC 9881 §2, RFC 9935 §3. */
const rows: Readonly<Record<LatticeSpec, LatticeRow>> = {
  ML_DSA_44: { oid: [3, 17], publicKey: 1312, seed: 32 },
  ML_DSA_65: { oid: [3, 18], publicKey: 1952, seed: 32 },
  ML_DSA_87: { oid: [3, 19], publicKey: 2592, seed: 32 },
  ML_KEM_512: { oid: [4, 1], publicKey: 800, seed: 64 },
  ML_KEM_768: { oid: [4, 2], publicKey: 1184, seed: 64 },
  ML_KEM_1024: { oid: [4, 3], publicKey: 1568, seed: 64 },
}

/** What Node 24.7 added. Older ones lack it, whatever the installed types say. */
const { encapsulate, decapsulate } = nodeCrypto as unknown as {
  encapsulate?: (publicKey: KeyObject) => { sharedKey: Uint8Array; ciphertext: Uint8Array }
  decapsulate?: (privateKey: KeyObject, ciphertext: Uint8Array) => Uint8Array
}

export const isMlDsa = (spec: string): spec is MlDsaSpec =>
  spec.startsWith('ML_DSA') && Object.hasOwn(rows, spec)

/** AlgorithmIdentifier without parameters. */
const algorithm = (spec: LatticeSpec): Bytes =>
  concat([0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04], rows[spec].oid)

/** DER of a length from 256 to 65,535. */
const long = (length: number): readonly number[] => [0x82, length >> 8, length & 0xff]

const spkiPrefix = (spec: LatticeSpec): Bytes => {
  const { publicKey } = rows[spec]
  return concat([0x30, ...long(publicKey + 18)], algorithm(spec), [0x03, ...long(publicKey + 1), 0])
}

const pkcs8Prefix = (spec: LatticeSpec): Bytes => {
  const { seed } = rows[spec]
  return concat([0x30, seed + 20, 0x02, 1, 0], algorithm(spec), [0x04, seed + 2, 0x80, seed])
}

/**
 * A private key as PKCS#8 in seed format, the only one of its formats that KMS writes (RFC 9881 §6,
 * RFC 9935 §6).
 */
export const seedToPkcs8 = (spec: LatticeSpec, seed: Uint8Array): Bytes =>
  concat(pkcs8Prefix(spec), seed)

/** The seed in such a PKCS#8; undefined for anything else. */
export function seedFromPkcs8(spec: LatticeSpec, der: Uint8Array): Uint8Array | undefined {
  const prefix = pkcs8Prefix(spec)
  const right =
    der.length === prefix.length + rows[spec].seed && equal(der.subarray(0, prefix.length), prefix)
  return right ? der.slice(prefix.length) : undefined
}

/** SubjectPublicKeyInfo (RFC 9881 §4, RFC 9935 §4). */
export function latticeSpki(spec: LatticeSpec, seed: Uint8Array): Uint8Array {
  const native = nativeKey(spec, seed)
  if (native) return new Uint8Array(createPublicKey(native).export({ type: 'spki', format: 'der' }))
  return concat(spkiPrefix(spec), publicKey(spec, seed))
}

/** ML-DSA of a message. */
export function latticeSign(spec: MlDsaSpec, seed: Uint8Array, message: Uint8Array): Uint8Array {
  const native = nativeKey(spec, seed)
  if (!native) return mlDsaSign(spec, seed, message)
  return new Uint8Array(nodeCrypto.sign(null, message, native))
}

export function latticeVerify(
  spec: MlDsaSpec,
  seed: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const native = nativeKey(spec, seed)
  if (!native) return mlDsaVerify(spec, publicKey(spec, seed), message, signature)
  return nodeCrypto.verify(null, message, createPublicKey(native), signature)
}

/** ML-DSA of the representative μ of a message, which no Node has. */
export function latticeSignMu(spec: MlDsaSpec, seed: Uint8Array, mu: Uint8Array): Uint8Array {
  return mlDsaSignMu(spec, seed, mu)
}

export function latticeVerifyMu(
  spec: MlDsaSpec,
  seed: Uint8Array,
  mu: Uint8Array,
  signature: Uint8Array,
): boolean {
  return mlDsaVerifyMu(spec, publicKey(spec, seed), mu, signature)
}

export function latticeEncapsulate(
  spec: MlKemSpec,
  seed: Uint8Array,
): { readonly sharedSecret: Uint8Array; readonly ciphertext: Uint8Array } {
  const native = encapsulate && nativeKey(spec, seed)
  if (!encapsulate || !native) return mlKemEncapsulate(spec, publicKey(spec, seed))
  const { sharedKey, ciphertext } = encapsulate(createPublicKey(native))
  return { sharedSecret: new Uint8Array(sharedKey), ciphertext: new Uint8Array(ciphertext) }
}

/** Decapsulates a ciphertext, whose length the caller has checked. */
export function latticeDecapsulate(
  spec: MlKemSpec,
  seed: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  const native = decapsulate && nativeKey(spec, seed)
  if (!decapsulate || !native) return mlKemDecapsulate(spec, seed, ciphertext)
  return new Uint8Array(decapsulate(native, ciphertext))
}

const publicKey = (spec: LatticeSpec, seed: Uint8Array): Uint8Array =>
  isMlDsa(spec) ? mlDsaPublicKey(spec, seed) : mlKemPublicKey(spec as MlKemSpec, seed)

/** The key as an object of Node; undefined where Node or its OpenSSL lacks the algorithm. */
function nativeKey(spec: LatticeSpec, seed: Uint8Array): KeyObject | undefined {
  try {
    const der = Buffer.from(seedToPkcs8(spec, seed))
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const type: string | undefined = key.asymmetricKeyType
    return type === spec.toLowerCase().replaceAll('_', '-') ? key : undefined
  } catch {
    return undefined
  }
}
