import type { AuditedCall } from './call.js'

/** How often somebody made a call with a key, and when. */
export interface Use extends Omit<AuditedCall, 'id' | 'time'> {
  count: number
  /** ISO 8601. */
  first: string
  /** ISO 8601. */
  last: string
}

/** Counts calls, each once: a trail may deliver a record twice, and two accounts have one each. */
export class Tally {
  readonly #uses = new Map<string, Use>()
  readonly #ids = new Set<string>()
  /** Records of KMS that were counted. */
  calls = 0
  /** Records of other services. */
  others = 0
  /** Records that were there before. */
  repeated = 0

  /** @param call - one record, for each of its keys; undefined for another service */
  add(call: readonly AuditedCall[] | undefined): void {
    const [one] = call ?? []
    if (!call || !one) {
      this.others++
      return
    }
    if (one.id !== '' && this.#ids.has(one.id)) {
      this.repeated++
      return
    }
    this.#ids.add(one.id)
    this.calls++
    for (const { key, principal, operation, outcome, time } of call)
      this.#count({ key, principal, operation, outcome, count: 1, first: time, last: time })
  }

  #count(use: Use): void {
    const { key, principal, operation, outcome } = use
    const name = JSON.stringify([key, principal, operation, outcome])
    const known = this.#uses.get(name)
    if (!known) {
      this.#uses.set(name, use)
      return
    }
    known.count++
    if (use.first < known.first) known.first = use.first
    if (use.last > known.last) known.last = use.last
  }

  /** By key, the most frequent first. */
  uses(): readonly Readonly<Use>[] {
    return [...this.#uses.values()].toSorted(
      (a, b) => a.key.localeCompare(b.key) || b.count - a.count,
    )
  }
}
