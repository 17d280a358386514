import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../formats/json.js'
import type { Credential } from '../policy/credentials.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import type { Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'
import { decideCall, type Asking, type Subject } from './decision.js'

/** What a call is made of. */
export interface CallParts {
  readonly kms: Kms
  /** The keys of the Region that the signature names. */
  readonly ring: Keyring
  /** Who signed. */
  readonly caller: Credential
  readonly origin: Asking['origin']
  readonly operation: string
  /** The request as it came. */
  readonly body: JsonObject
  /** The id in the header of the answer. */
  readonly requestId: string
}

/**
 * One request under way.
 *
 * Every operation asks for a permission before it looks at a key or changes anything.
 */
export class Call implements CallParts, Asking {
  readonly kms: Kms
  readonly ring: Keyring
  readonly caller: Credential
  readonly origin: Asking['origin']
  readonly operation: string
  readonly body: JsonObject
  readonly requestId: string
  /** The id of this call in the trail. */
  readonly eventId: string = randomUUID()
  /** ARNs of the keys and aliases that the call is about, for the trail, in their order. */
  readonly resources: Set<string> = new Set()
  readonly #parts: CallParts
  readonly #used = new Set<string>()
  #decided = false

  constructor(parts: CallParts) {
    const { kms, ring, caller, origin, operation, body, requestId } = parts
    this.#parts = parts
    this.kms = kms
    this.ring = ring
    this.caller = caller
    this.origin = origin
    this.operation = operation
    this.body = body
    this.requestId = requestId
  }

  get account(): string {
    return this.caller.principal.account
  }

  now(): number {
    return this.kms.now()
  }

  /**
   * Asks for a permission on a key, on another resource by its ARN, or on neither.
   *
   * @param permission - default: the operation's own name
   * @throws KmsFault AccessDeniedException
   */
  authorize(permission: string = this.operation, subject?: Subject, resource?: string): void {
    const arn = subject ? subject.ring.keyArn(subject.key) : resource
    if (arn?.includes(':kms:')) this.resources.add(arn)
    decideCall(this, permission, {
      ...(subject && { subject }),
      ...(resource !== undefined && { resource }),
    })
    this.#decided = true
  }

  /**
   * A call of the same caller of another operation, in another Region.
   *
   * An operation makes it for what it does as if by that other one.
   */
  as(operation: string, ring: Keyring, body: JsonObject): Call {
    return new (this.constructor as typeof Call)({ ...this.#parts, operation, ring, body })
  }

  /** Ends a dry run, in which everything was looked at and nothing was done. */
  proceed(dryRun: boolean | undefined): void {
    if (dryRun)
      throw new KmsFault(
        'DryRunOperationException',
        'The request would have succeeded, but the DryRun option is set.',
      )
  }

  /**
   * Notes that a key does cryptography for this call.
   *
   * If the call succeeds, GetKeyLastUsage tells it.
   */
  used({ id }: Key): void {
    this.#used.add(id)
  }

  /** Writes down what was noted, since the call succeeded. */
  recordUse(): void {
    const usage = {
      operation: this.operation,
      time: this.now(),
      eventId: this.eventId,
      requestId: this.requestId,
    }
    for (const id of this.#used) this.ring.noteUse(id, usage)
  }

  /** Refuses to answer where no permission was asked for: that is a mistake of this server. */
  checkDecided(): void {
    if (!this.#decided) throw new Error(`${this.operation} asked for no permission`)
  }
}
