import { isSignatureName, signatureOf } from '../algorithms/signatures.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import { fromBase64 } from '../bytes/base64url.js'
import { bytesOf } from '../bytes/bytes.js'
import { fromUtf8 } from '../bytes/text.js'
import { ensure, hasMethods, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { isText, parseJsonObject, type JsonObject } from './json.js'
import { useByOperations } from './jwk.js'
import { fromDer, fromKeyText, isDer, unquoted } from './key-files.js'
import { fromSpki } from './spki.js'

/** What a caller adds about a key that cannot say it itself. */
export interface KeyStatements {
  /** Whether it is sealed to or verified with. Default: what the key says. */
  readonly use?: 'enc' | 'sig'
  /**
   * Its algorithm, by its name in JOSE.
   *
   * Default: what the key says; PS256 for an RSA key that GetPublicKey answered.
   */
  readonly alg?: string | undefined
  /** Its key ARN, which streams to RSA keys need. Default: what the key says. */
  readonly arn?: string | undefined
}

const expected =
  'expected a JWK Set, a JWK, an SPKI public key (PEM or DER), or what GetPublicKey answers'

/**
 * Turns whatever people have in hand into the document of a key set.
 *
 * - a JWK Set or a signed set, as it is
 * - one JWK
 * - SPKI or PKCS #1 as PEM, DER or base64, and a KeyObject
 * - an answer of GetPublicKey, of an SDK or of the AWS CLI
 *
 * @throws SealdropError `keys_malformed`, `invalid_argument`, `unsupported_algorithm`
 */
export function keySetDocument(
  source: string | Uint8Array | object,
  stated: KeyStatements,
): string {
  if (typeof source === 'string') return fromText(unquoted(source), stated)
  const bytes = bytesOf(source)
  if (bytes)
    return isDer(bytes)
      ? setOf(fromDer(bytes), stated)
      : fromText(unquoted(fromUtf8(bytes) ?? ''), stated)
  // a Map has a member `keys` too
  const kind = kindOf(source)
  ensure(/^(Key)?Object$/.test(kind), 'invalid_argument', `key set: ${expected}, found ${kind}`)
  return fromObject(source as JsonObject, stated)
}

function fromText(text: string, stated: KeyStatements): string {
  if (text.startsWith('{')) {
    const object = parseJsonObject(text, { code: 'keys_malformed', field: 'key set' })
    return 'keys' in object ? text : fromObject(object, stated)
  }
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return text // a signed set: its trust reads it
  const key = fromKeyText(text)
  ensure(key, 'keys_malformed', `key set: ${expected}, found other text`)
  return setOf(key, stated)
}

/** A KeyObject of Node, as far as it is used here. */
interface KeyObjectLike {
  readonly type: unknown
  export(o: { readonly type: 'spki'; readonly format: 'der' }): Uint8Array
}

/** Refuses a CryptoKey or a KeyObject that is no public key, before anything of it is read. */
export function checkPublic({ type }: { readonly type?: unknown }): void {
  ensure(
    type === 'public',
    'invalid_argument',
    `key set: expected a public key, found a ${shown(type)} one: pass its public key`,
  )
}

/** The document of a CryptoKey, which was exported as a JWK. */
export function cryptoKeyDocument(jwk: object, algorithm: string, stated: KeyStatements): string {
  const use = /^(RSA-OAEP|ECDH|X25519)$/.test(algorithm) ? 'enc' : 'sig'
  const { alg } = jwk as JsonObject
  // its operations are those that it was imported for, which need not be all; of RSA keys alone
  // the name of the algorithm is needed, and Deno names ECDH, which is none of JOSE
  const named = algorithm.startsWith('RSA') ? { alg } : { alg: undefined }
  return setOf({ ...jwk, ...named, use, key_ops: undefined }, stated)
}

function fromObject(object: JsonObject, stated: KeyStatements): string {
  if (hasMethods(object, 'export')) {
    checkPublic(object)
    return setOf(
      fromDer((object as unknown as KeyObjectLike).export({ type: 'spki', format: 'der' })),
      stated,
    )
  }
  if ('keys' in object) return JSON.stringify(object)
  if ('PublicKey' in object) return fromGetPublicKey(object, stated)
  ensure(
    'kty' in object,
    'keys_malformed',
    `key set: ${expected}, found an object with none of the members keys, kty, PublicKey`,
  )
  const { kms_arn: arn } = object
  return setOf(object, isText(arn) ? { ...stated, arn } : stated)
}

/**
 * GetPublicKey says what the key is for, and its ARN.
 *
 * Of several signature algorithms ours is PS256, unless told otherwise.
 */
function fromGetPublicKey(
  { PublicKey: key, KeyUsage: usage, KeyId: id }: JsonObject,
  stated: KeyStatements,
): string {
  const der = typeof key === 'string' ? fromBase64(key) : bytesOf(key)
  ensure(der, 'keys_malformed', 'PublicKey: expected base64 or bytes')
  const members = fromSpki(der)
  const use = useOf(usage)
  ensure(
    use,
    'unsupported_algorithm',
    `KeyUsage ${shown(String(usage))} is for neither encryption nor signatures`,
  )
  ensure(
    stated.use === undefined || stated.use === use,
    'invalid_argument',
    `use: this key's KeyUsage is ${String(usage)}`,
  )
  const alg = stated.alg ?? (use === 'sig' ? signatureOf(members) : undefined)
  const arn = stated.arn ?? (isText(id) ? id : undefined)
  return setOf(members, { use, alg, arn })
}

function useOf(usage: unknown): 'sig' | 'enc' | undefined {
  if (usage === 'SIGN_VERIFY') return 'sig'
  return usage === 'ENCRYPT_DECRYPT' || usage === 'KEY_AGREEMENT' ? 'enc' : undefined
}

function setOf(jwk: PublicMembers | JsonObject, { use, alg, arn }: KeyStatements): string {
  const { use: says } = jwk as JsonObject
  ensure(
    use === undefined || says === undefined || use === says,
    'invalid_argument',
    `use: the key says ${shown(String(says))}`,
  )
  const spoken = {
    ...jwk,
    ...(use && { use }),
    ...(alg !== undefined && { alg }),
    ...(arn !== undefined && { kms_arn: arn }),
  } as JsonObject
  // keys of other types than RSA and EC only sign
  const told =
    spoken['use'] ??
    spoken['alg'] ??
    useByOperations(spoken) ??
    !/^(RSA|EC)$/.test(String(spoken['kty']))
  ensure(
    told !== false,
    'invalid_argument',
    "use: expected 'enc' to seal to this key, 'sig' to verify with it",
  )
  const rsaSignature =
    spoken['kty'] === 'RSA' && (spoken['use'] ?? useByOperations(spoken)) === 'sig'
  ensure(
    !rsaSignature || isSignatureName(spoken['alg']),
    'invalid_argument',
    "alg: expected the one of this RSA signing key, such as 'PS256'",
  )
  return JSON.stringify({ keys: [spoken] })
}
