import { ensure, hasMethods } from '../../errors/guard.js'
import type { CallOptions } from '../../io/abort.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import { ManagementPort } from '../port/management-port.js'
import type { Kms } from '../port/port.js'
import { actions, type Outcome } from './actions.js'
import type { Step } from './steps.js'
import { isNeverPublished } from './when.js'

export interface ApplyOptions extends CallOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  readonly store: InventoryStore
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number
}

/**
 * Does the steps of a plan that are due, in their order, and returns: run it when `planRotation`
 * says, from one place or from several. Each step looks at the inventory as it is then, so that a
 * plan that is applied twice, or was cut off, makes no key twice and rotates once.
 *
 * @returns what was done, and what waits, with the time before which it is not done
 * @throws SealdropError `invalid_argument`, `conflict` where another publisher is at the same,
 *   `key_not_found` without an inventory, `too_large` where the set would have more than 32 keys,
 *   `kms_*`, `key_unusable`, and what the store throws; what was done before, and for other
 *   purposes, stays done
 */
export async function applyRotation(
  plan: { readonly steps: readonly Step[] },
  o: ApplyOptions,
): Promise<{ readonly done: readonly Step[]; readonly waiting: readonly Step[] }> {
  const steps = stepsOf(plan)
  ensure(
    hasMethods(o?.store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  const port = new ManagementPort(o.kms ?? {})
  const run = new Run(port, o)
  try {
    for (const step of steps) {
      o.signal?.throwIfAborted()
      await run.take(step)
    }
  } finally {
    port.close()
  }
  return run.finished()
}

function stepsOf(plan: { readonly steps: readonly Step[] }): readonly Step[] {
  const steps = plan?.steps
  ensure(
    Array.isArray(steps) && steps.every(isStep),
    'invalid_argument',
    'plan: expected what planRotation answers',
  )
  return steps
}

const isStep = (step: Step): boolean =>
  Object.hasOwn(actions, step?.kind) && Number.isFinite(new Date(step.notBefore).getTime())

/** One run over the steps of a plan. */
class Run {
  readonly #port: ManagementPort
  readonly #options: ApplyOptions
  readonly #clock: () => number
  readonly #done: Step[] = []
  readonly #waiting: Step[] = []
  readonly #failed = new Map<string, unknown>()
  #isNew: boolean | undefined

  constructor(port: ManagementPort, o: ApplyOptions) {
    this.#port = port
    this.#options = o
    this.#clock = o.now ?? Date.now
  }

  async take(step: Step): Promise<void> {
    if (this.#failed.has(step.key)) return
    try {
      const outcome = await this.#outcomeOf(step)
      if (outcome === 'done') this.#done.push(step)
      else if (outcome !== 'nothing') this.#waiting.push({ ...step, notBefore: outcome })
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      // what is wrong with one purpose does not hold up the others, nor an alias its keys
      const failed = step.kind === 'move-alias' ? `${step.kind} ${step.key}` : step.key
      this.#failed.set(failed, error)
    }
  }

  /** What was done, and what waits. Throws what failed first. */
  finished(): { readonly done: readonly Step[]; readonly waiting: readonly Step[] } {
    for (const error of this.#failed.values()) {
      throw error
    }
    return { done: this.#done, waiting: this.#waiting }
  }

  async #outcomeOf(step: Step): Promise<Outcome> {
    const { store, signal } = this.#options
    const clock = this.#clock
    const now = clock()
    const notBefore = new Date(step.notBefore) // a plan may have been JSON
    if (notBefore.getTime() > now) return notBefore
    this.#isNew ??= await isNewStore(store)
    const run = { port: this.#port, store, now, clock, signal, isNew: this.#isNew }
    return actions[step.kind](run, step)
  }
}

/** Whether no key set was ever served, also where there is no inventory yet. */
async function isNewStore(store: InventoryStore): Promise<boolean> {
  const found = await store.read()
  return !found || isNeverPublished(found.inventory)
}
