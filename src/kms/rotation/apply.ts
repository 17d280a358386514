import { clockOf, ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import type { CallOptions } from '../../io/abort.js'
import { readInventory } from '../inventory/asked-store.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import { ListingPort } from '../port/listing-port.js'
import type { Kms } from '../port/port.js'
import { isDenied } from '../port/aws-errors.js'
import { actions, type Outcome } from './actions.js'
import { orphansOf, type Orphan } from './orphans.js'
import type { Step } from './steps.js'
import { isNeverPublished } from './when.js'

/** How KMS is reached, and where the inventory is. */
export interface ApplyOptions extends CallOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** The store of the inventory. */
  readonly store: InventoryStore
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** What a run did. */
export interface Applied {
  /** The steps that were done. */
  readonly done: readonly Step[]
  /** The steps that wait, each with the time before which it is not done. */
  readonly waiting: readonly Step[]
  /**
   * Keys that a CreateKey whose answer was lost may have left behind, at most 20.
   *
   * - They are leads for people, and never used: anybody who may make keys can make one like them.
   * - Empty where no answer was lost. Undefined where these credentials may not look.
   */
  readonly orphans: readonly Orphan[] | undefined
}

/**
 * Does those steps of a plan that are due, in their order.
 *
 * - Run it when `next` of the plan says, or every hour. It may run in one place or in several.
 * - Each step looks at the inventory as it is then. A plan that is applied twice, or was cut off,
 *   uses no key twice and rotates once.
 * - When a step fails, the steps of its purpose that build on it wait. The others are done, then
 *   the first error is thrown. What was done stays done.
 *
 * @param plan - what `planRotation` answered, which may have been JSON meanwhile
 * @returns what was done, what waits, and what may be left over
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: the plan or an option is wrong
 *   - `key_not_found`: there is no inventory, or it has the purpose no more
 *   - `too_large`: the set would have more than 32 keys, or more than 65,536 bytes
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError from KMS:
 *   - `conflict`: another publisher is at the same, or an alias names an unknown key
 *   - `invalid_argument`: the alias of a purpose is of another account than its keys
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second, or keys of an account; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 *   - `key_unusable`: the current key is gone, so that its key policy cannot be taken over
 * @throws SealdropError while writing:
 *   - `conflict`: other writers were first each time
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { applyRotation, fileInventory, planRotation } from 'sealdrop/kms'
 *   const kind = { use: 'enc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
 *   const purposes = [{ name: 'letters', alias: 'alias/letters', ...kind }]
 *   const store = fileInventory('letter-keys')
 *   if (!(await store.read())) await store.write({ version: 1, counter: 0, purposes, keys: [] })
 *   const { inventory } = await store.read()
 *   const plan = planRotation(inventory, { now: new Date(), every: 'P3M' })
 *   const { done } = await applyRotation(plan, { store })
 *   console.log(done.map((step) => step.kind).join()) // create,activate,create,move-alias
 *   ```
 */
export function applyRotation(
  plan: { readonly steps: readonly Step[] },
  o: ApplyOptions,
): Promise<Applied> {
  return blaming('operator', () => applied(plan, o))
}

async function applied(
  plan: { readonly steps: readonly Step[] },
  o: ApplyOptions,
): Promise<Applied> {
  const steps = stepsOf(plan)
  checkOptions(o, 'signal kms store now')
  ensure(
    hasMethods(o?.store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  const port = new ListingPort(o.kms ?? {})
  const run = new Run(port, o)
  try {
    for (const step of steps) {
      o.signal?.throwIfAborted()
      await run.take(step)
    }
    return await run.finished()
  } finally {
    port.close()
  }
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
  readonly #port: ListingPort
  readonly #options: ApplyOptions
  readonly #clock: () => number
  readonly #done: Step[] = []
  readonly #waiting: Step[] = []
  readonly #failed = new Map<string, unknown>()
  #isNew: boolean | undefined
  #hasLost = false

  constructor(port: ListingPort, o: ApplyOptions) {
    this.#port = port
    this.#options = o
    this.#clock = clockOf(o.now)
  }

  async take(step: Step): Promise<void> {
    if (this.#failed.has(step.key)) return
    try {
      const outcome = await this.#outcomeOf(step)
      if (outcome === 'done') this.#done.push(step)
      else if (outcome !== 'nothing') this.#waiting.push({ ...step, notBefore: outcome })
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      // a purpose that fails does not hold up the others, and an alias that fails not its keys
      const failed = step.kind === 'move-alias' ? `${step.kind} ${step.key}` : step.key
      this.#failed.set(failed, error)
    }
  }

  /** What became of the plan, unless something failed: then its error is thrown. */
  async finished(): Promise<Applied> {
    for (const error of this.#failed.values()) {
      throw error
    }
    return { done: this.#done, waiting: this.#waiting, orphans: await this.#orphans() }
  }

  async #orphans(): Promise<readonly Orphan[] | undefined> {
    const found = this.#hasLost ? await readInventory(this.#options.store) : undefined
    if (!found) return []
    return orphansOf(this.#port, found.inventory, this.#options.signal).catch((error: unknown) => {
      if (!isDenied(error)) throw error
      return undefined
    })
  }

  async #outcomeOf(step: Step): Promise<Outcome> {
    const { store, signal } = this.#options
    const clock = this.#clock
    const now = clock()
    // text, where the plan was JSON meanwhile
    const notBefore = new Date(step.notBefore)
    if (notBefore.getTime() > now) return notBefore
    this.#isNew ??= await isNewStore(store)
    const onLost = (): void => {
      this.#hasLost = true
    }
    const run = { port: this.#port, store, now, clock, signal, isNew: this.#isNew, onLost }
    return actions[step.kind](run, step)
  }
}

/** Whether no key set was ever served. Where there is no inventory yet, none was. */
async function isNewStore(store: InventoryStore): Promise<boolean> {
  const found = await readInventory(store)
  return !found || isNeverPublished(found.inventory)
}
