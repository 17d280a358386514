import { Buffer } from 'node:buffer'
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { concat, equal } from '../../bytes/bytes.js'
import { Cursor } from '../../bytes/cursor.js'
import { element } from '../../formats/der.js'
import type { EcdsaCurve, KeyType } from '../key-specs.js'
import { rowOf } from './checks.js'
import { secretScalar } from './ecdsa.js'
import { latticeSpki, seedFromPkcs8, seedToPkcs8, type LatticeSpec } from './lattice.js'
import { rawOpen, rawSign } from './rsa-digest.js'
import type { Random } from './seeded-random.js'
import { seededRsa } from './seeded-rsa.js'

/**
 * What is secret of a key.
 *
 * It is a pair as objects of Node, the seed that a pair grows from (FIPS 203, FIPS 204), or a
 * shared secret.
 */
export type Material =
  | { readonly kind: 'pair'; readonly privateKey: KeyObject }
  | { readonly kind: 'seed'; readonly seed: Uint8Array }
  | { readonly kind: 'secret'; readonly secret: Uint8Array }

const kinds: Readonly<Record<KeyType, Material['kind']>> = {
  RSA: 'pair',
  EC: 'pair',
  OKP: 'pair',
  'ML-DSA': 'seed',
  'ML-KEM': 'seed',
  symmetric: 'secret',
  HMAC: 'secret',
}

/**
 * Makes material for a KeySpec.
 *
 * @param random - makes it deterministic, also of RSA; nothing else may read from it meanwhile.
 *   Default: the system's randomness
 */
export async function generateMaterial(spec: string, random?: Random): Promise<Material> {
  const { kty, size, ecdsaCurve } = rowOf(spec)
  const bytes = random ?? randomBytes
  if (kty === 'RSA') return pair(await newRsaKey(size * 8, random))
  if (ecdsaCurve) return pair(ecKey(ecdsaCurve, secretScalar(ecdsaCurve, bytes)))
  return fromBytes(spec, new Uint8Array(bytes(size)))
}

async function newRsaKey(bits: number, random: Random | undefined): Promise<KeyObject> {
  if (random) return seededRsa(bits, random)
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits })
  return privateKey
}

/** Material as it lies in a key's file, unencrypted: a pair as PKCS#8 PEM, others as base64. */
export function materialToText(material: Material): string {
  if (material.kind === 'pair')
    return material.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return Buffer.from(material.kind === 'seed' ? material.seed : material.secret).toString('base64')
}

/** Reads what {@link materialToText} wrote; undefined for what is not material of this spec. */
export function materialFromText(spec: string, text: string): Material | undefined {
  const { kty } = rowOf(spec)
  if (kinds[kty] === 'pair') return attempt(() => pairOfSpec(spec, createPrivateKey(text)))
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? ofLength(spec, bytes) : undefined
}

/**
 * Reads material as ImportKeyMaterial takes it; undefined for what is not material of this spec.
 *
 * It is PKCS#8 DER of a private key, or the bytes of a secret.
 */
export function importedMaterial(spec: string, bytes: Uint8Array): Material | undefined {
  const { kty } = rowOf(spec)
  if (kinds[kty] === 'secret') return ofLength(spec, bytes)
  if (kinds[kty] === 'pair') return attempt(() => soundPair(spec, readPkcs8(bytes)))
  const seed = seedFromPkcs8(spec as LatticeSpec, bytes)
  return seed && fromBytes(spec, seed)
}

/** SubjectPublicKeyInfo, DER (RFC 5280 §4.1.2.7), of a spec that has a public key. */
export function publicKeyOf(spec: string, material: Material): Uint8Array {
  if (material.kind === 'pair')
    return new Uint8Array(
      createPublicKey(material.privateKey).export({ type: 'spki', format: 'der' }),
    )
  return latticeSpki(spec as LatticeSpec, seedOf(material))
}

/** PrivateKeyInfo, DER (RFC 5958), of such a spec. */
export function privateKeyInfo(spec: string, material: Material): Uint8Array {
  if (material.kind === 'pair')
    return new Uint8Array(material.privateKey.export({ type: 'pkcs8', format: 'der' }))
  return seedToPkcs8(spec as LatticeSpec, seedOf(material))
}

export function pairOf(material: Material): KeyObject {
  if (material.kind !== 'pair') throw new TypeError(`expected a pair, found a ${material.kind}`)
  return material.privateKey
}

export function seedOf(material: Material): Uint8Array {
  if (material.kind !== 'seed') throw new TypeError(`expected a seed, found a ${material.kind}`)
  return material.seed
}

export function secretOf(material: Material): Uint8Array {
  if (material.kind !== 'secret') throw new TypeError(`expected a secret, found a ${material.kind}`)
  return material.secret
}

/** The secret scalar of an EC key, or the 32-byte secret key of Ed25519. */
export const scalarOf = (privateKey: KeyObject): Uint8Array =>
  memberOf(privateKey.export({ format: 'jwk' }), 'd')

/** The uncompressed point of an EC key (SEC 1 §2.3.3), or the 32-byte public key of Ed25519. */
export function pointOf(privateKey: KeyObject): Uint8Array {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  const x = memberOf(jwk, 'x')
  return jwk.y === undefined ? x : concat([4], x, memberOf(jwk, 'y'))
}

/** The bytes of a coordinate, or of what is secret, in the JWK of an EC or Ed25519 key. */
function memberOf(jwk: JsonWebKey, name: 'd' | 'x' | 'y'): Uint8Array {
  const text = jwk[name]
  if (text === undefined) throw new TypeError(`expected a key with the member ${name}`)
  return Buffer.from(text, 'base64url')
}

const pair = (privateKey: KeyObject): Material => ({ kind: 'pair', privateKey })
const ofLength = (spec: string, bytes: Uint8Array): Material | undefined =>
  bytes.length === rowOf(spec).size ? fromBytes(spec, new Uint8Array(bytes)) : undefined

/** Material of a spec whose material is nothing but random bytes. */
function fromBytes(spec: string, bytes: Uint8Array): Material {
  const { kty } = rowOf(spec)
  if (kty === 'OKP') return pair(ed25519Key(bytes))
  return kinds[kty] === 'seed' ? { kind: 'seed', seed: bytes } : { kind: 'secret', secret: bytes }
}

/** PKCS#8 of an Ed25519 secret key (RFC 8410 §7). */
const ed25519Key = (secretKey: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretKey]),
    format: 'der',
    type: 'pkcs8',
  })

/** Throws where the scalar is not from 1 to n - 1. */
function ecKey(crv: EcdsaCurve, scalar: Uint8Array): KeyObject {
  const agreement = createECDH(nodeCurves[crv])
  agreement.setPrivateKey(scalar)
  const point = agreement.getPublicKey()
  const half = (point.length - 1) / 2
  const d = Buffer.from(scalar).toString('base64url')
  const x = point.subarray(1, 1 + half).toString('base64url')
  const y = point.subarray(1 + half).toString('base64url')
  return createPrivateKey({ key: { kty: 'EC', crv, d, x, y }, format: 'jwk' })
}

/** Whether nothing follows a key, which OpenSSL does not look at. */
function readPkcs8(der: Uint8Array): KeyObject {
  const cursor = new Cursor(der, 'malformed')
  element(cursor, 'sequence', 'PKCS#8')
  cursor.end('PKCS#8')
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
}

/** The name that Node has for the curve of a key. */
const nodeCurves: Readonly<Record<EcdsaCurve, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  secp256k1: 'secp256k1',
}

/**
 * Reads a private key from a file of ours.
 *
 * Only what it says that it is gets checked, since a server reads all of its keys when it starts.
 */
function pairOfSpec(spec: string, key: KeyObject): Material | undefined {
  return isOfSpec(spec, key) ? pair(key) : undefined
}

function isOfSpec(spec: string, key: KeyObject): boolean {
  const { kty, size, ecdsaCurve } = rowOf(spec)
  const type = key.asymmetricKeyType
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (kty === 'RSA')
    return type === 'rsa' && modulusLength === size * 8 && publicExponent === 65_537n
  if (kty === 'OKP') return type === 'ed25519'
  return type === 'ec' && ecdsaCurve !== undefined && namedCurve === nodeCurves[ecdsaCurve]
}

/**
 * Reads a private key that somebody else wrote.
 *
 * @returns undefined where it is none of this spec, or where its halves do not belong together
 */
function soundPair(spec: string, key: KeyObject): Material | undefined {
  const { kty, size, ecdsaCurve } = rowOf(spec)
  const found = pairOfSpec(spec, key)
  if (!found || kty === 'OKP') return found
  if (!ecdsaCurve) return isSoundRsa(size, key) ? found : undefined
  const ours = ecKey(ecdsaCurve, scalarOf(key))
  return equal(pointOf(ours), pointOf(key)) ? pair(ours) : undefined
}

/**
 * Whether the private operation undoes the public one.
 *
 * OpenSSL also reads keys whose numbers do not belong together.
 */
function isSoundRsa(size: number, key: KeyObject): boolean {
  const block = concat([0], randomBytes(size - 1))
  const opened = rawOpen(createPublicKey(key), rawSign(key, block), size)
  return opened !== undefined && equal(opened, block)
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
