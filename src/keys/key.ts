import { curveSignatures } from '../algorithms/curves.js'
import { sealAlgorithms, type KeyWrapName } from '../algorithms/key-wraps.js'
import {
  kindOfKey,
  type PublicMembers,
  type RecipientKind,
  type SealingMembers,
} from '../algorithms/public-key.js'
import { sha256Text } from '../crypto/digest.js'
import type { CryptoKey } from '../crypto/subtle.js'
import type { Verifies } from '../crypto/verifier.js'
import { importRecipient } from '../envelope/import-recipient.js'
import { ensure, shown } from '../errors/guard.js'
import { isSealdropError } from '../errors/sealdrop-error.js'
import {
  isRevoked,
  publicMembers,
  statements,
  thumbprintInput,
  useByOperations,
  type JWK,
  type JwkStatements,
} from '../formats/jwk.js'

/** Says what callers see of a key. */
export interface KeyInfo {
  /** The thumbprint of the key: SHA-256 in base64url (RFC 7638). */
  readonly thumbprint: string
  /** The algorithm it is used with: RSA-OAEP-256, ECDH-ES+A256KW, or a signature's JOSE name. */
  readonly alg: string
  /** Whether the key is sealed to (`enc`) or verified with (`sig`). */
  readonly use: 'enc' | 'sig'
  /** The KMS key ARN, where the publisher or a pin states it. */
  readonly arn?: string | undefined
  /** When the publisher says that it was made. */
  readonly issuedAt?: Date | undefined
  /** From then on it is not sealed to. What it signed before stays good. */
  readonly expires?: Date | undefined
}

/**
 * One row of a set. Its algorithm has been looked at for encryption; for signatures the verifying
 * rooms do.
 */
export interface KeyRow {
  readonly info: KeyInfo
  /** As published; the thumbprint where nothing was. */
  readonly kid: string
  readonly jwk: PublicMembers
  /** Its kind, which is a {@link RecipientKind} where it is sealed to. */
  readonly kind: string
  /** What it says of itself, as published: sealing and verifying read `revoked` and `key_ops`. */
  readonly stated: JwkStatements
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly expires: number
  /** Of a key to seal to, always. */
  readonly cryptoKey?: CryptoKey | undefined
}

/** A key of a set. */
export interface Key extends KeyRow {
  /** All rows of this key, this one too: for other algorithms, or under other names. */
  readonly rows: readonly KeyRow[]
  /** Of a signing key, once it first verified. */
  verifies?: Verifies
}

/** A row that cannot be used, of which only its thumbprint and what it states are known. */
type PassedOver = KeyRow & { readonly why: string }

/** What a caller says of keys that do not say it themselves. A key that says otherwise is passed over. */
export interface Told {
  /** What keys are for that do not say it. Default: what the key says. */
  readonly use?: 'enc' | 'sig'
  /** The algorithm of keys that name none, by its name in JOSE. Default: what the key says. */
  readonly alg?: string | undefined
}

/** A key that was selected to be sealed to. */
export interface SealingKey extends Key {
  readonly jwk: SealingMembers
  readonly kind: RecipientKind
  readonly cryptoKey: CryptoKey
}

/** Why a key is passed over; what is not its own fault is thrown on. */
export function reasonOf(error: unknown): string {
  if (!isSealdropError(error) || error.code === 'unsupported_runtime') throw error
  return error.message
}

/** The SHA-256 thumbprint of any public JWK (RFC 7638). */
export const thumbprintOf = async (jwk: object): Promise<string> =>
  sha256Text(thumbprintInput(publicMembers(jwk)))

/** A key as a name: RFC 9278. It shows no account. */
export const thumbprintUrn = (thumbprint: string): string =>
  `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${thumbprint}`

/**
 * Makes keys of the JWKs that are believed; one that cannot be used is passed over with its reason,
 * so that new kinds do no harm.
 *
 * - one key may have several rows: for other algorithms, under other names, or just twice
 * - what one of its rows takes away, another one does not give back
 * - a key that says `revoked` is taken back for all algorithms, also by a row that is passed over
 * - what a key does not say is `told`; one that says otherwise is passed over
 */
export async function makeKeys(
  jwks: readonly JWK[],
  told: Told,
): Promise<{ readonly keys: readonly Key[]; readonly passedOver: readonly string[] }> {
  const made: readonly (KeyRow & { readonly why?: string })[] = await Promise.all(
    jwks.map((stated, i) =>
      makeKey(stated, told).catch(async (error: unknown) => {
        const why = `${shown(stated.kid ?? `keys[${i}]`)}: ${reasonOf(error)}`
        const thumbprint = await thumbprintOf(stated).catch(() => '')
        return { info: { thumbprint }, stated, why } as PassedOver
      }),
    ),
  )
  const rowsOf = ({ info }: KeyRow): readonly KeyRow[] =>
    made.filter(
      (row) =>
        row.info.thumbprint === info.thumbprint &&
        (row.info.alg === info.alg || isRevoked(row.stated)),
    )
  return {
    keys: made.filter(({ why }) => !why).map((row) => ({ ...row, rows: rowsOf(row) })),
    passedOver: made.flatMap(({ why }) => why ?? []),
  }
}

async function makeKey(found: JWK, told: Told): Promise<KeyRow> {
  const stated = statements(found)
  const jwk = publicMembers(found)
  const kind = kindOfKey(jwk)
  const { use, alg } = purpose(stated, jwk, sealAlgorithms[kind], told)
  const thumbprint = await sha256Text(thumbprintInput(jwk))
  const { kid = thumbprint, kms_arn: arn, iat, nbf, exp } = stated
  const date = (seconds: number | undefined): Date | undefined =>
    seconds === undefined ? undefined : new Date(seconds * 1000)
  const info = { thumbprint, alg, use, arn, issuedAt: date(iat), expires: date(exp) }
  return {
    info,
    kid,
    jwk,
    kind,
    stated,
    notBefore: (nbf ?? -Infinity) * 1000,
    expires: (exp ?? Infinity) * 1000,
    cryptoKey:
      use === 'enc'
        ? await importRecipient(kind as RecipientKind, jwk as SealingMembers)
        : undefined,
  }
}

/** What an algorithm says of a key that does not say it; `ours` is the one that is sealed with. */
function useOf(alg: string | undefined, ours: string | undefined): 'enc' | 'sig' | undefined {
  if (!ours || /^[EPR]S\d/.test(`${alg}`)) return 'sig'
  return alg === ours ? 'enc' : undefined
}

/** Refuses what was found unless it is among what may be there. */
const allow = (what: string, found: unknown, ...expected: readonly unknown[]): void =>
  ensure(
    expected.includes(found),
    'unsupported_algorithm',
    `needs its ${what}: ${expected.join(' or ')}, found ${shown(found)}`,
  )

/**
 * What a key is for; `ours` is what its kind is sealed to with. An RSA signing key must name its
 * one algorithm, or it is told: a thumbprint does not (key-set.md).
 */
function purpose(
  stated: JwkStatements,
  jwk: PublicMembers,
  ours: KeyWrapName | undefined,
  told: Told,
): Pick<KeyInfo, 'use' | 'alg'> {
  // EdDSA is the older name: RFC 9864 §2.2
  const alg = stated.alg === 'EdDSA' ? 'Ed25519' : stated.alg
  const { crv } = jwk as { readonly crv: string } // RSA has none, and no row
  const use =
    stated.use ?? useOf(alg, ours) ?? useByOperations(stated) ?? told.use ?? useOf(told.alg, ours)
  const name = use === 'enc' ? ours : (alg ?? curveSignatures[crv] ?? told.alg)
  allow('use', use, 'enc', 'sig')
  allow('use', told.use ?? use, use)
  allow('alg', alg ?? name, name || 'pass alg')
  allow('alg', told.alg ?? name, name, stated.alg)
  return { use, alg: name } as KeyInfo
}
