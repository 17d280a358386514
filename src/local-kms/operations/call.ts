import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../formats/json.js'
import { KmsFault } from '../wire/fault.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import type { Grant, Key } from '../state/model.js'

/** Who signed the request. */
export interface Caller {
  readonly arn: string
  readonly account: string
  readonly accessKeyId: string
}

/** What a permission is asked for: a key as the request named it, or something without a key. */
export interface Subject {
  readonly ring: Keyring
  readonly key: Key
  /** The KeyId of the request, from which `kms:RequestAlias` comes. */
  readonly asked?: string | undefined
  /** The grant that RetireGrant is about: who may retire it is decided by the grant, not by the key. Absent where the key has no such grant. */
  readonly grant?: Grant | undefined
}

/** Whether the caller may do it; throws AccessDeniedException where not. `resource` is an ARN where it is not a key's. */
export type Decide = (call: Call, permission: string, subject: Subject | undefined, resource: string | undefined) => void

export interface CallFacts {
  readonly kms: Kms
  /** Of the Region that the signature names. */
  readonly ring: Keyring
  readonly caller: Caller
  readonly operation: string
  readonly body: JsonObject
  readonly decide: Decide
  /** As in the header of the answer. Default: random. */
  readonly requestId?: string
}

/** One request under way. Every operation asks {@link authorize} before it looks at a key or changes anything. */
export class Call {
  readonly kms: Kms
  readonly ring: Keyring
  readonly caller: Caller
  readonly operation: string
  readonly body: JsonObject
  /** ARNs of the keys that were looked at, for the trail. */
  readonly resources: Set<string> = new Set()
  readonly requestId: string
  /** Of this call in the trail. */
  readonly eventId: string = randomUUID()
  readonly #decide: Decide
  readonly #used = new Set<string>()
  #decided = false

  constructor({ kms, ring, caller, operation, body, decide, requestId = randomUUID() }: CallFacts) {
    this.kms = kms
    this.ring = ring
    this.caller = caller
    this.operation = operation
    this.body = body
    this.requestId = requestId
    this.#decide = decide
  }

  get account(): string {
    return this.caller.account
  }

  now(): number {
    return this.kms.now()
  }

  /** @throws KmsFault AccessDeniedException */
  authorize(permission: string = this.operation, subject?: Subject, resource?: string): void {
    if (subject) this.resources.add(subject.ring.keyArn(subject.key))
    this.#decide(this, permission, subject, resource)
    this.#decided = true
  }

  /** A dry run ends here: everything was looked at, nothing was done. */
  proceed(dryRun: boolean | undefined): void {
    if (dryRun) throw new KmsFault('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
  }

  /** Says that a key does cryptography for this call, which GetKeyLastUsage tells if the call succeeds. */
  used({ id }: Key): void {
    this.#used.add(id)
  }

  /** The call succeeded. */
  recordUse(): void {
    const usage = { operation: this.operation, time: this.now(), eventId: this.eventId, requestId: this.requestId }
    for (const id of this.#used) this.ring.noteUse(id, usage)
  }

  /** An answer without a decision is a mistake of this server, and is not given. */
  checkDecided(): void {
    if (!this.#decided) throw new Error(`${this.operation} asked for no permission`)
  }
}
