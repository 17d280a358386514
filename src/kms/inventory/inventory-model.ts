import type { PublicMembers } from '../../algorithms/public-key.js'

/**
 * Where a key stands in its life:
 * - `making`: it is decided; a key with its token may or may not be there yet
 * - `next`: it is there, so that its thumbprint can be handed out
 * - `current`: the one that its alias names
 * - `retired`: enabled, for what it sealed and to verify what it signed
 * - `disabled`: refuses every call, and can be enabled again
 * - `deleting`: its waiting period runs, and can be cancelled
 * - `deleted`: what was sealed to it is lost
 */
export type KeyState =
  'making' | 'next' | 'current' | 'retired' | 'disabled' | 'deleting' | 'deleted'

/** What keys are made for. A change of `spec` is for the next key. */
export interface Purpose {
  readonly name: string
  readonly use: 'enc' | 'sig'
  /** KMS KeySpec and KeyUsage of keys that are made from now on. */
  readonly spec: string
  readonly usage: 'ENCRYPT_DECRYPT' | 'KEY_AGREEMENT' | 'SIGN_VERIFY'
  /** Moves to the current key: `alias/claims`, or its ARN. */
  readonly alias: string
  /** Of RSA signing keys, their one algorithm. Default: PS256. */
  readonly alg?: string
  /**
   * Regions that have a replica: its keys are multi-Region keys, one JWK with several ARNs, and the
   * alias names them in each Region. Default: none.
   */
  readonly replicas?: readonly string[]
  /**
   * Key policy of keys that are made from now on. Default: that of the key which is current then;
   * of the first one KMS's own.
   */
  readonly policy?: object
  /**
   * Of signing keys, for how many days after it was retired one stays published, so that what it
   * signed can be verified. Default: 1,826, 5 years.
   */
  readonly keepDays?: number
  /** Publish ARNs too, which show the account id; streams to RSA keys need it. Default: false. */
  readonly withArn?: boolean
}

/** Why a key was taken back; `superseded`: nobody else has it. */
export type RevocationReason = 'compromised' | 'superseded' | 'unspecified'

/** Dates are ISO 8601, to the millisecond. */
export interface InventoryKey {
  readonly purpose: string
  readonly state: KeyState
  /**
   * Stands in the description of the KMS key: by it a making that was cut off finds the key that it
   * made.
   */
  readonly token: string
  readonly spec: string
  readonly usage: Purpose['usage']
  /**
   * From `next` on: the ARN, and those of replicas of a multi-Region key, which have the same JWK.
   */
  readonly arns?: readonly string[]
  readonly thumbprint?: string
  readonly jwk?: PublicMembers
  /** JOSE name. */
  readonly alg?: string
  /** The alias that names it; of a making, in whose Region the key is made. */
  readonly alias?: string
  readonly made?: string
  /** Of a making, since when: who finds it within 30 minutes leaves it to who began. */
  readonly began?: string
  /** Since when it stands in the key set, and until when it did. */
  readonly published?: string
  readonly unpublished?: string
  /** From when it is sealed to, or signs; and since when its alias names it. */
  readonly starts?: string
  readonly aliased?: string
  /** Since when another one is current. */
  readonly retired?: string
  /**
   * After a compromise: what says that it was signed from then on is not believed, and it is not
   * sealed to.
   */
  readonly expires?: string
  /** Taken back by `revokeKey`: from when what it signed does not count, and why. */
  readonly revoked?: { readonly at: string; readonly reason: RevocationReason }
  /** Until when it must stay enabled, for what it sealed. */
  readonly keepUntil?: string
  readonly disabled?: string
  /** When its deletion becomes final. */
  readonly deletes?: string
}

/** A key of the inventory that is there: everything public about it is known. */
export type MadeKey = InventoryKey &
  Required<Pick<InventoryKey, 'arns' | 'thumbprint' | 'jwk' | 'alg' | 'made'>>

export const isMade = (key: InventoryKey): key is MadeKey => key.state !== 'making'

/** Whether a key is gone for good: also where nobody has written it down since. */
export const isDeleted = ({ state, deletes }: InventoryKey, now: number): boolean =>
  state === 'deleted' || (state === 'deleting' && new Date(deletes ?? Infinity).getTime() <= now)

/** The publisher's file: what keys there are, and what is to become of them. */
export interface KeyInventory {
  readonly version: 1
  /** Grows with every change: `ver` of the signed set. */
  readonly counter: number
  /**
   * How long a signed set lives, in milliseconds: the publisher signs with it, and a rotation waits
   * for it. Shorten it while no rotation is due before the longer one is over. Default: 24 hours.
   */
  readonly lifetime?: number
  readonly purposes: readonly Purpose[]
  readonly keys: readonly InventoryKey[]
}

/** Where the inventory is kept. */
export interface InventoryStore {
  /**
   * The newest inventory with its tag; undefined where there is none yet. Throws `source_failed`,
   * `malformed`.
   */
  read(): Promise<{ readonly inventory: KeyInventory; readonly etag: string } | undefined>
  /**
   * Takes the place of the inventory with this tag, or of none: of two writers one loses with
   * `conflict`. Throws `invalid_argument`, `output_failed`.
   */
  write(next: KeyInventory, etag?: string): Promise<void>
}
