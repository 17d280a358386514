import type { JsonObject } from '../../formats/json.js'
import type { Caller } from './principals.js'

/** What conditions may ask about a key. */
export interface KeyFacts {
  readonly account: string
  readonly spec: string
  readonly usage: string
  /** Where its material comes from: AWS_KMS, EXTERNAL … */
  readonly origin: string
  readonly multiRegion: boolean
  readonly multiRegionKeyType?: 'PRIMARY' | 'REPLICA'
  /** Alias names, `alias/…`. */
  readonly aliases: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** Whole days since the last use, where it is known. */
  readonly trailingDaysWithoutUse?: number
}

/** What conditions may ask about a call. */
export interface CallFacts {
  /** The action: `kms:Decrypt`. */
  readonly action: string
  /** The members of the request, as they came. */
  readonly request: JsonObject
  /** The key that the action is authorized for; absent for CreateKey, ListKeys … */
  readonly key?: KeyFacts
  readonly principal: Caller & {
    readonly tags?: Readonly<Record<string, string>>
    /** The service that calls for the principal; absent where it calls itself. */
    readonly viaService?: string
  }
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly region: string
  readonly sourceIp?: string
  readonly secureTransport: boolean
  readonly userAgent?: string
  /** Of ReEncrypt: whether source and destination are one key. */
  readonly sameKey?: boolean
  /** The grant that RetireGrant is about. */
  readonly grantConstraints?: JsonObject
}
