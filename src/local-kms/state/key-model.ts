import type { Material } from '../crypto/material.js'
import type { KeyUsage } from '../key-specs.js'

/** Where there is no credentials file, everything belongs to this account. */
export const defaultAccount = '111122223333'

/**
 * When a grant's permissions hold. No caller of this server acts for a resource of AWS, so a grant
 * with a SourceArn allows nobody.
 */
export interface GrantConstraints {
  readonly EncryptionContextEquals?: Readonly<Record<string, string>>
  readonly EncryptionContextSubset?: Readonly<Record<string, string>>
  readonly SourceArn?: string
}

/**
 * What a grant allows, within a key's record. A principal is an ARN, or the name of a service:
 * `lambda.amazonaws.com`.
 */
export interface Grant {
  readonly id: string
  /** What the grant tokens of this grant are made from: 64 hexadecimal digits. */
  readonly token: string
  /** Empty where it has none. */
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
 * One version of a key's material: asymmetric keys have one, symmetric keys one for each rotation.
 */
export interface KeyMaterial {
  /**
   * 64 hexadecimal digits, as KMS names it. It stays where imported material is deleted, so that
   * only the same comes back.
   */
  readonly id: string
  /** Absent while imported material is deleted, expired, or not yet imported into this Region. */
  readonly material?: Material
  /** When it became the current one; before that, when it came. */
  readonly created: number
  /** How it became the current one, after the first one. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND'
  /** Imported for the next rotation: it neither seals nor opens yet. Only the last one can be. */
  readonly pending?: true
  /** When imported material expires; absent when it does not. */
  readonly validTo?: number
  /** The importer's words. */
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
  /** Of a primary whose replicas are still there: the days to wait once they are gone. */
  readonly waitingDays?: number
  readonly origin: 'AWS_KMS' | 'EXTERNAL'
  /** Of a multi-Region key: the Region of its primary. */
  readonly primaryRegion?: string
  /** JSON text of the key policy. */
  readonly policy: string
  readonly tags: Readonly<Record<string, string>>
  readonly grants: readonly Grant[]
  /**
   * Automatic rotation, where it is on; the same in every Region of a multi-Region key, and done in
   * that of its primary.
   */
  readonly rotation?: Rotation
  /**
   * As of the last time that the record was written; the {@link Keyring} may know of a later one.
   */
  readonly lastUsage?: LastUsage
}

export interface Key extends KeyRecord {
  /** The newest last; empty while material is still to be imported. */
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
