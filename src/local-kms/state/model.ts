import type { Material } from '../crypto/material.js'
import type { KeyUsage } from '../key-specs.js'

/** Where there is no credentials file, everything belongs to this account. */
export const defaultAccount = '111122223333'

/** What a grant allows, within a key's record. */
export interface Grant {
  readonly id: string
  readonly token: string
  readonly name: string
  readonly grantee: string
  readonly retiring?: string
  readonly operations: readonly string[]
  readonly constraints?: { readonly EncryptionContextEquals?: Readonly<Record<string, string>>; readonly EncryptionContextSubset?: Readonly<Record<string, string>> }
  readonly created: number
  readonly issuer: string
}

/** One version of a key's material: asymmetric keys have one, symmetric keys one for each rotation. */
export interface KeyMaterial {
  /** 64 hexadecimal digits, as KMS names it. */
  readonly id: string
  readonly material: Material
  readonly created: number
  /** How it came to be, after the first one. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND'
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
  /** Of imported material: when it expires; absent when it does not. */
  readonly validTo?: number
  /** Of a multi-Region key: the Region of its primary. */
  readonly primaryRegion?: string
  /** JSON text of the key policy. */
  readonly policy: string
  readonly tags: Readonly<Record<string, string>>
  readonly grants: readonly Grant[]
  /** Automatic rotation, where it is on. */
  readonly rotation?: Rotation
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

/** The default key policy: the account itself, hence every IAM policy of it that allows. */
export const defaultPolicy = (partition: string, account: string): string => JSON.stringify({
  Version: '2012-10-17',
  Id: 'key-default-1',
  Statement: [{ Sid: 'Enable IAM User Permissions', Effect: 'Allow', Principal: { AWS: `arn:${partition}:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }],
}, null, 2)

/** The partition of AWS in which a Region lies. */
export const partitionOf = (region: string): string => (region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws')
