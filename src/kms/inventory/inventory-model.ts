import type { PublicMembers } from '../../algorithms/public-key.js'

/**
 * Says where a key stands in its life.
 *
 * - `making`: it was decided on; a key with its token may be there or not
 * - `next`: it is there, so that its thumbprint can be handed out
 * - `current`: its alias names it
 * - `retired`: it is enabled, to open what was sealed to it and to verify what it signed
 * - `disabled`: it refuses every call, and can be enabled again
 * - `deleting`: its deletion is scheduled, and can be taken back
 * - `deleted`: it is gone, and what was sealed to it is lost
 */
export type KeyState =
  'making' | 'next' | 'current' | 'retired' | 'disabled' | 'deleting' | 'deleted'

/** What keys are made for. A change of it is for keys that are made from then on. */
export interface Purpose {
  /** A name that no other purpose has: `claims`. */
  readonly name: string
  /** `enc`: its keys are sealed to. `sig`: its keys sign. */
  readonly use: 'enc' | 'sig'
  /** KMS KeySpec of keys that are made from now on: `ECC_NIST_P256`. */
  readonly spec: string
  /** KMS KeyUsage of keys that are made from now on. */
  readonly usage: 'ENCRYPT_DECRYPT' | 'KEY_AGREEMENT' | 'SIGN_VERIFY'
  /**
   * The alias that names the current key: `alias/claims`, or its ARN.
   *
   * - An ARN says in which Region keys are made.
   */
  readonly alias: string
  /** The JOSE name of the one algorithm of RSA signing keys. Default: PS256. */
  readonly alg?: string
  /**
   * Regions in which keys have a replica. Default: none.
   *
   * - The keys are multi-Region keys then: one JWK, with an ARN and an alias in each Region.
   */
  readonly replicas?: readonly string[]
  /**
   * The key policy of keys that are made from now on. Default: that of the current key.
   *
   * - The first key has the default policy of KMS.
   */
  readonly policy?: object
  /**
   * For how many days a signing key stays published after it was retired. Default: 1,826, 5 years.
   *
   * - What it signed can be verified for so long.
   */
  readonly keepDays?: number
  /**
   * Publishes ARNs too, which show the account id. Default: false.
   *
   * - Without it an RSA key takes values only: a file names its RSA keys by their ARNs.
   * - Keys on a curve take files without it.
   */
  readonly withArn?: boolean
  /**
   * Whether its keys open age files, and stand in `age.txt`. Default: false.
   *
   * - An age file has no context, so that a key which also opens values must not take one by chance.
   * - The keys must be on P-256, of the usage KEY_AGREEMENT.
   */
  readonly age?: boolean
}

/**
 * Why a key was taken back.
 *
 * - `superseded`: another key took its place, and nobody else has it; what it signed before counts
 * - `unspecified`: nobody says, so that verifiers treat it as compromised
 * - `compromised`: somebody else has it, or may have it
 */
export type RevocationReason = 'superseded' | 'unspecified' | 'compromised'

/** A key of the inventory. Dates are ISO 8601, to the millisecond. */
export interface InventoryKey {
  /** The name of its purpose. */
  readonly purpose: string
  /** Where it stands in its life. */
  readonly state: KeyState
  /** A text that also stands in the description of the KMS key, for people. */
  readonly token: string
  /** KMS KeySpec. */
  readonly spec: string
  /** KMS KeyUsage. */
  readonly usage: Purpose['usage']
  /**
   * Its ARN, and those of its replicas, which have the same JWK.
   *
   * - This and the next four members are there from the state `next` on. Its ARN is there as soon as
   *   CreateKey answered.
   */
  readonly arns?: readonly string[]
  /** The thumbprint of its public half (RFC 7638). */
  readonly thumbprint?: string
  /** Its public half. */
  readonly jwk?: PublicMembers
  /** The JOSE name of its algorithm. */
  readonly alg?: string
  /** When it was made. */
  readonly made?: string
  /** The alias that names it. Of a key that is being made it says in which Region. */
  readonly alias?: string
  /**
   * Since when it is being made.
   *
   * - Another publisher leaves it alone for 30 minutes, and goes on with it then.
   */
  readonly began?: string
  /**
   * How many answers of CreateKey were lost for its purpose, of a key that is being made.
   *
   * - What such a CreateKey made is not brought into use. After three a person has to look.
   */
  readonly lost?: number
  /** Since when it stands in the key set. */
  readonly published?: string
  /** Since when it stands in the key set no more. */
  readonly unpublished?: string
  /** From when it is sealed to, or signs. */
  readonly starts?: string
  /** Since when its alias names it. */
  readonly aliased?: string
  /** Since when another key is current. */
  readonly retired?: string
  /**
   * Until when it is believed, once it was taken back.
   *
   * - What says that it was signed later is not believed. It is not sealed to either.
   */
  readonly expires?: string
  /** From when what it signed does not count, and why: see `revokeKey`. */
  readonly revoked?: { readonly at: string; readonly reason: RevocationReason }
  /** Until when it must stay enabled, for what was sealed to it. */
  readonly keepUntil?: string
  /** Since when it is disabled. */
  readonly disabled?: string
  /** When its deletion becomes final. */
  readonly deletes?: string
}

/** A key of the inventory that was made, so that everything public about it is known. */
export type MadeKey = InventoryKey &
  Required<Pick<InventoryKey, 'arns' | 'thumbprint' | 'jwk' | 'alg' | 'made'>>

export const isMade = (key: InventoryKey): key is MadeKey => key.state !== 'making'

/** Whether a key is gone for good, also where nobody wrote that down yet. */
export const isDeleted = ({ state, deletes }: InventoryKey, now: number): boolean =>
  state === 'deleted' || (state === 'deleting' && new Date(deletes ?? Infinity).getTime() <= now)

/** The publisher's file: which keys there are and were, and what is to become of them. */
export interface KeyInventory {
  /** The version of the format. */
  readonly version: 1
  /** A number that grows with every change: `ver` of the signed set. Begin with 0. */
  readonly counter: number
  /**
   * For how long a signed set is good, in milliseconds. Default: 24 hours.
   *
   * - The publisher signs with it, and a rotation waits for it.
   * - Shorten it only while no rotation is due before the longer time is over.
   */
  readonly lifetime?: number
  /** What keys are made for. Their order is the order of the set. */
  readonly purposes: readonly Purpose[]
  /** All keys that there ever were. Begin with none. */
  readonly keys: readonly InventoryKey[]
}

/**
 * Where the inventory is kept.
 *
 * - `fileInventory`, `s3Inventory` and `dynamoDbInventory` make one.
 * - Yours must compare and swap: of two writers that read the same version, one must lose.
 */
export interface InventoryStore {
  /**
   * Reads the newest inventory with its tag; undefined where there is none yet.
   *
   * @throws SealdropError while reading:
   *   - `source_failed`: it cannot be read
   *   - `malformed`: it is damaged
   */
  read(): Promise<{ readonly inventory: KeyInventory; readonly etag: string } | undefined>
  /**
   * Puts an inventory in the place of the one with this tag, or of none.
   *
   * @throws SealdropError while writing:
   *   - `invalid_argument`: it is not an inventory
   *   - `conflict`: another writer was first: read again, and repeat
   *   - `output_failed`: it cannot be written
   */
  write(next: KeyInventory, etag?: string): Promise<void>
}
