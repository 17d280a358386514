import type { Material } from '../crypto/material.js'
import type { KeyUsage } from '../key-specs.js'

/** The account of everything, where there is no credentials file. */
export const defaultAccount = '111122223333'

/**
 * When the permissions of a grant hold.
 *
 * No caller of this server acts for a resource of AWS, so that a grant with a SourceArn allows
 * nobody.
 */
export interface GrantConstraints {
  readonly EncryptionContextEquals?: Readonly<Record<string, string>>
  readonly EncryptionContextSubset?: Readonly<Record<string, string>>
  readonly SourceArn?: string
}

/**
 * A grant, as the record of a key has it.
 *
 * A principal is an ARN, or the name of a service: `lambda.amazonaws.com`.
 */
export interface Grant {
  readonly id: string
  /** 64 hexadecimal digits, of which the tokens of this grant are made. */
  readonly token: string
  /** Its name; empty where it has none. */
  readonly name: string
  readonly grantee: string
  readonly retiring?: string
  readonly operations: readonly string[]
  readonly constraints?: GrantConstraints
  readonly created: number
  /** The account that made it. */
  readonly issuer: string
}

/**
 * A version of a key's material: one of an asymmetric key, of a symmetric one for each rotation.
 */
export interface KeyMaterial {
  /**
   * Its id, 64 hexadecimal digits as those of KMS.
   *
   * It stays where imported material is deleted, so that only the same material comes back.
   */
  readonly id: string
  /** The material. Absent while it is deleted, expired, or not imported into this Region. */
  readonly material?: Material
  /** When it became the current version; before that, when it came. */
  readonly created: number
  /** How it became the current version; absent for the first one. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND'
  /** Whether it waits for the next rotation, and does not open yet. Only the last version may. */
  readonly pending?: true
  /** When imported material expires. Absent when it does not. */
  readonly validTo?: number
  /** What the importer says of it. */
  readonly description?: string
}

/** The last time that a key was of use, for GetKeyLastUsage. */
export interface LastUsage {
  readonly operation: string
  readonly time: number
  readonly eventId: string
  readonly requestId: string
}

export interface Rotation {
  readonly days: number
  readonly next: number
}

/** What is kept of a key besides its material. Times are milliseconds since the epoch. */
export interface KeyRecord {
  readonly id: string
  readonly account: string
  readonly spec: string
  readonly usage: KeyUsage
  readonly description: string
  readonly created: number
  readonly enabled: boolean
  /** When it is to be deleted; absent unless deletion is pending. */
  readonly deletion?: number
  /** The days that a primary waits once its replicas are gone. */
  readonly waitingDays?: number
  readonly origin: 'AWS_KMS' | 'EXTERNAL'
  /** Who manages it, where that is AWS. Absent for a key of the account. */
  readonly manager?: 'AWS'
  /** The Region of the primary of a multi-Region key. */
  readonly primaryRegion?: string
  /** JSON text of the key policy. */
  readonly policy: string
  readonly tags: Readonly<Record<string, string>>
  readonly grants: readonly Grant[]
  /**
   * Automatic rotation, where it is on.
   *
   * It is the same in every Region of a multi-Region key, and done in that of its primary.
   */
  readonly rotation?: Rotation
  /** The last use when the record was written. The {@link Keyring} may know of a later one. */
  readonly lastUsage?: LastUsage
}

export interface Key extends KeyRecord {
  /** The versions, the newest last. Empty while material is still to be imported. */
  readonly materials: readonly KeyMaterial[]
}

export interface Alias {
  readonly account: string
  readonly name: string
  readonly keyId: string
  readonly created: number
  readonly updated: number
}

/** Whether a name has the form of a Region's. */
export const isRegion = (name: unknown): name is string =>
  typeof name === 'string' && /^[a-z]{2,}(-[a-z]+)+-\d+$/.test(name)

/** The partition of AWS in which a Region lies. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return 'aws'
}
