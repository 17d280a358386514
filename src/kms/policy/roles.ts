import { keyWraps } from '../../algorithms/key-wraps.js'
import { signatureOf, signatures, type SignatureName } from '../../algorithms/signatures.js'
import { originalMembers } from '../../formats/context.js'
import type { Purpose } from '../inventory/inventory-model.js'
import { algorithmUses, usesOf, type AlgorithmUse } from './algorithm-uses.js'
import type { Condition } from './document.js'

/**
 * Says what somebody does with a key.
 *
 * - `administrator`: makes, rotates and ends keys
 * - `publisher`: publishes public keys
 * - `opener`: opens what was sealed to a key
 * - `signer`: signs with a key
 * - `resealer`: writes archives under a symmetric key
 * - `reader`: reads archives under a symmetric key
 *
 * Nobody needs two roles for one key. Who publishes with a root is also a signer, with the root.
 */
export type PolicyRole = 'administrator' | 'publisher' | 'opener' | 'signer' | 'resealer' | 'reader'

/** Calls that a role may make, or must never make. */
export interface Permission {
  readonly sid: string
  /** Default: Allow. */
  readonly effect?: 'Allow' | 'Deny'
  /** Names of the calls, without `kms:`. */
  readonly actions: readonly string[]
  /**
   * What the calls are about.
   *
   * A key has a policy. About an alias, and what has no key yet, IAM policies alone decide.
   */
  readonly on: 'key' | 'alias' | 'account'
  readonly condition?: Condition
}

/** What a role may use a key with, and what it calls. */
export interface RoleRow {
  /** Algorithms that may be named. */
  readonly takes: readonly string[]
  /** Algorithms where none is named: those that Sealdrop asks KMS for by itself. */
  readonly algs: readonly string[]
  permissions(algs: readonly string[]): readonly Permission[]
}

/** Days until a deletion is final: the longest that KMS takes, its default, and `deleteKey`'s. */
export const deletionWindow = '30'
export const windowKey = 'kms:ScheduleKeyDeletionPendingWindowInDays'

const unique = <T>(names: readonly T[]): readonly T[] => [...new Set(names)]
const usagesOf = (algs: readonly string[]): readonly Purpose['usage'][] =>
  unique(usesOf(algs).map(({ usage }) => usage))
const onKey = (sid: string, actions: readonly string[], condition?: Condition): Permission => ({
  sid,
  actions,
  on: 'key',
  ...(condition && { condition }),
})

const namesOf = (uses: readonly AlgorithmUse[]): readonly string[] =>
  unique(uses.map(({ kms }) => kms))

/**
 * Allows algorithms that hash to sign digests only, and the others to sign messages.
 *
 * A RAW message would be hashed a second time.
 */
function signing(sid: string, uses: readonly AlgorithmUse[]): readonly Permission[] {
  if (uses.length === 0) return []
  const messageTypes = unique(uses.flatMap((use) => use.messageTypes ?? []))
  const condition = {
    StringEquals: { 'kms:MessageType': messageTypes, 'kms:SigningAlgorithm': namesOf(uses) },
  }
  return [onKey(sid, ['Sign'], condition)]
}

const hashes = ({ messageTypes }: AlgorithmUse): boolean =>
  messageTypes?.includes('DIGEST') ?? false

const privateOperations: Readonly<
  Record<Purpose['usage'], (uses: readonly AlgorithmUse[]) => readonly Permission[]>
> = {
  ENCRYPT_DECRYPT: (uses) => [
    onKey('Decrypt', ['Decrypt'], { StringEquals: { 'kms:EncryptionAlgorithm': namesOf(uses) } }),
  ],
  KEY_AGREEMENT: (uses) => [
    onKey('Agree', ['DeriveSharedSecret'], {
      StringEquals: { 'kms:KeyAgreementAlgorithm': namesOf(uses) },
    }),
  ],
  SIGN_VERIFY: (uses) => {
    const others = uses.filter((use) => !hashes(use))
    return [...signing('Sign', uses.filter(hashes)), ...signing('SignMessage', others)]
  },
}

/** Allows a key's public half, and its private operations by the algorithms it is used with. */
const using = (algs: readonly string[]): readonly Permission[] => [
  onKey('Read', ['GetPublicKey']),
  ...usagesOf(algs).flatMap((usage) =>
    privateOperations[usage](usesOf(algs).filter((use) => use.usage === usage)),
  ),
]

const aliasCalls = ['CreateAlias', 'DeleteAlias', 'UpdateAlias']
const managing = [
  'CancelKeyDeletion',
  ...aliasCalls,
  'DescribeKey',
  'DisableKey',
  'EnableKey',
  'GetKeyLastUsage',
  'GetKeyPolicy',
  'GetPublicKey',
  'ListGrants',
  'ListResourceTags',
  'PutKeyPolicy',
  'TagResource',
  'UntagResource',
]
/**
 * Cryptographic operations of the keys that we make (developer guide, "Cryptographic operations").
 *
 * A grant would hand them to somebody else, or to oneself.
 */
const cryptography = [
  'CreateGrant',
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey*',
  'GenerateMac',
  'ReEncrypt*',
  'Sign',
  'Verify',
  'VerifyMac',
]

/**
 * A call for an archive: its encryption context has both names of the sealed file.
 *
 * Two operators, since one with two values would be content with either name.
 */
const ofArchive: Condition = {
  'ForAnyValue:StringEquals': { 'kms:EncryptionContextKeys': originalMembers.headerDigest },
  'ForAnyValue:StringLike': { 'kms:EncryptionContextKeys': originalMembers.messageId },
}

/** What somebody does with a symmetric key, which has no algorithms to name. */
const symmetric = (sid: string): RoleRow => ({
  takes: [],
  algs: [],
  permissions: () => [onKey(sid, [sid], ofArchive)],
})

/** What each role may call: what this library calls for it, with the parameters that it sends. */
export const roles: Readonly<Record<PolicyRole, RoleRow>> = {
  administrator: {
    takes: [...algorithmUses.keys()],
    algs: [...algorithmUses.keys()],
    permissions: (algs) => [
      onKey('Manage', managing),
      // IfExists, since a call that names no window gets 30 days
      onKey('ScheduleDeletion', ['ScheduleKeyDeletion'], {
        NumericEqualsIfExists: { [windowKey]: deletionWindow },
      }),
      // symmetric keys are left out, so that an inventory in a bucket with SSE-KMS stays readable
      {
        ...onKey('NoCryptography', cryptography, {
          StringNotEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' },
        }),
        effect: 'Deny',
      },
      { sid: 'Aliases', on: 'alias', actions: aliasCalls },
      {
        sid: 'Create',
        on: 'account',
        actions: ['CreateKey'],
        condition: {
          StringEquals: {
            'kms:KeySpec': unique(usesOf(algs).flatMap(({ specs }) => specs)),
            'kms:KeyUsage': usagesOf(algs),
          },
        },
      },
      { sid: 'List', on: 'account', actions: ['ListAliases', 'ListKeys'] },
    ],
  },
  publisher: {
    takes: [],
    algs: [],
    permissions: () => [onKey('Read', ['DescribeKey', 'GetPublicKey'])],
  },
  opener: { takes: Object.keys(keyWraps), algs: Object.keys(keyWraps), permissions: using },
  signer: {
    takes: Object.keys(signatures),
    algs: Object.keys(signatures).filter(
      (alg) => signatureOf({ alg, ...signatures[alg as SignatureName] }) === alg,
    ),
    permissions: using,
  },
  resealer: symmetric('GenerateDataKey'),
  reader: symmetric('Decrypt'),
}

/** The roles that a symmetric key has. */
export const symmetricRoles: readonly PolicyRole[] = ['administrator', 'resealer', 'reader']
