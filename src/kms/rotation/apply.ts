import { ensure } from '../../errors/guard.js'
import { checkInventory } from '../inventory/check.js'
import type { CallOptions } from '../../io/abort.js'
import type { InventoryKey, InventoryStore, KeyInventory } from '../inventory/model.js'
import { ensureRoom } from '../inventory/published-keys.js'
import { isoOf, updateInventory, withKey } from '../inventory/update.js'
import { isOut, ManagementPort } from '../management-port.js'
import type { Kms } from '../port.js'
import { aliasFor, createNext, type Making } from './create-next.js'
import type { Step, StepKind } from './steps.js'
import {
  isNeverPublished,
  needsAlias,
  resumableAt,
  standing,
  startsAt,
  timeOf,
  unpublishAt,
  type Standing,
} from './when.js'

export interface ApplyOptions extends CallOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  readonly store: InventoryStore
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number
}

/** What became of a step: done, nothing was to be done, or when it can be. */
type Outcome = 'done' | 'nothing' | Date

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
  const steps: readonly Step[] = Array.isArray(plan?.steps) ? plan.steps : []
  ensure(
    Array.isArray(plan?.steps) &&
      steps.every(
        (step) =>
          Object.hasOwn(rows, step?.kind) && Number.isFinite(new Date(step.notBefore).getTime()),
      ),
    'invalid_argument',
    'plan: expected what planRotation answers',
  )
  ensure(
    typeof o?.store?.read === 'function',
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  const port = new ManagementPort(o.kms ?? {})
  const [done, waiting]: [Step[], Step[]] = [[], []]
  const failed = new Map<string, unknown>()
  let isNew: boolean | undefined
  try {
    for (const step of steps) {
      o.signal?.throwIfAborted()
      const now = (o.now ?? Date.now)()
      const notBefore = new Date(step.notBefore) // a plan may have been JSON
      if (failed.has(step.key)) continue
      try {
        if (notBefore.getTime() <= now)
          isNew ??= isNeverPublished(
            (await o.store.read())?.inventory ?? { version: 1, counter: 0, purposes: [], keys: [] },
          )
        const outcome =
          notBefore.getTime() > now
            ? notBefore
            : await rows[step.kind](
                {
                  port,
                  store: o.store,
                  now,
                  clock: o.now ?? Date.now,
                  signal: o.signal,
                  isNew: isNew!,
                },
                step,
              )
        if (outcome === 'done') done.push(step)
        else if (outcome !== 'nothing') waiting.push({ ...step, notBefore: outcome })
      } catch (error) {
        o.signal?.throwIfAborted()
        failed.set(step.kind === 'move-alias' ? `${step.kind} ${step.key}` : step.key, error) // what is wrong with one purpose does not hold up the others, nor an alias its keys
      }
    }
    for (const error of failed.values()) throw error
  } finally {
    port.close()
  }
  return { done, waiting }
}

const rows: Readonly<Record<StepKind, (making: Making, step: Step) => Promise<Outcome>>> = {
  async create(making, step) {
    const { purpose, making: begun, next, current, fits } = await standingOf(making, step)
    if (next && !fits) return new Date(making.now) // it is set aside first
    if (begun && resumableAt(begun) > making.now) return new Date(resumableAt(begun))
    if (!begun && fits) return 'nothing'
    if (!current) await checkAlias(making, purpose.alias)
    await createNext(making, { purpose, begun, current })
    return 'done'
  },
  'set-aside': (making, step) =>
    changed(making, (inventory) => {
      const { next, fits } = standing(
        inventory,
        purposeOf(inventory, step),
        making.now,
        making.isNew,
      )
      return next && !fits ? setAside(inventory, next, making.now) : undefined
    }),
  async activate(making, step) {
    const { current, next, fits, readyAt } = await standingOf(making, step)
    if (current?.thumbprint !== step.from) return 'nothing'
    if (!fits) return new Date(making.now)
    if (readyAt > making.now) return new Date(readyAt)
    const states = await Promise.all(
      next!.arns!.map((arn) => making.port.stateOf(arn, making.signal)),
    )
    if (states.some(isOut)) {
      // somebody had a reason; another one is made
      await changed(making, (inventory) =>
        standing(inventory, purposeOf(inventory, step), making.now, making.isNew).next?.token ===
        next!.token
          ? setAside(inventory, next!, making.now)
          : undefined,
      )
      return new Date(making.now)
    }
    if (states.some((state) => state !== 'Enabled')) return new Date(making.now)
    return changed(making, (inventory) => {
      const found = standing(inventory, purposeOf(inventory, step), making.now, making.isNew)
      if (found.current?.thumbprint !== step.from || !found.fits || found.readyAt > making.now)
        return undefined
      if (found.next!.published === undefined) ensureRoom(inventory, found.next!.spec, 1)
      const retired = found.current
        ? withKey(inventory, found.current, { state: 'retired', retired: isoOf(making.now) })
        : inventory
      return withKey(retired, found.next!, {
        state: 'current',
        published: found.next!.published ?? isoOf(making.now),
        starts: isoOf(startsAt(found, making.now)),
      })
    })
  },
  async 'move-alias'(making, step) {
    const { purpose, current } = await standingOf(making, step)
    if (!current || !needsAlias(current, purpose)) return 'nothing'
    if (timeOf(current.starts) > making.now) return new Date(timeOf(current.starts))
    const moved = await Promise.allSettled(
      current.arns!.map(async (arn) => {
        // where one Region fails, the others go on
        const alias = aliasFor(purpose.alias, arn)
        await checkAlias(making, alias)
        await making.port.moveAlias(alias, arn, making.signal)
      }),
    )
    for (const result of moved) if (result.status === 'rejected') throw result.reason
    return changed(making, (inventory) =>
      withKey(inventory, current, { alias: purpose.alias, aliased: isoOf(making.now) }),
    )
  },
  unpublish: (making, step) =>
    changed(making, (inventory) => {
      const key = inventory.keys.find(({ thumbprint }) => thumbprint === step.key)
      const end =
        key &&
        unpublishAt(
          inventory.purposes.find(({ name }) => name === key.purpose)!,
          key,
          inventory.lifetime,
        )
      return end !== undefined && end <= making.now
        ? withKey(inventory, key!, { unpublished: isoOf(making.now) })
        : undefined
    }),
}

const setAside = (inventory: KeyInventory, next: InventoryKey, now: number): KeyInventory =>
  withKey(inventory, next, { state: 'retired', retired: isoOf(now) })

/**
 * An alias that names a key of which the inventory knows nothing is somebody's: what was sealed to
 * that key would be lost to openers.
 */
async function checkAlias({ port, store, signal }: Making, alias: string): Promise<void> {
  const named = await port.aliased(alias, signal)
  const known = (await store.read())?.inventory.keys.flatMap(({ arns = [] }) => arns) ?? []
  ensure(
    named === undefined || known.includes(named),
    'conflict',
    `${alias} names ${named}, which the inventory does not know: enter that key as the current one of its purpose, or choose another alias`,
  )
}

async function changed(
  { store, now }: Making,
  change: (inventory: KeyInventory) => KeyInventory | undefined,
): Promise<Outcome> {
  return (await updateInventory(store, now, change)) ? 'done' : 'nothing'
}

async function standingOf({ store, now, isNew }: Making, step: Step): Promise<Standing> {
  const found = await store.read()
  ensure(
    found,
    'key_not_found',
    'there is no inventory yet: write one with its purposes and no keys',
  )
  const inventory = checkInventory(found.inventory, 'malformed')
  return standing(inventory, purposeOf(inventory, step), now, isNew)
}

function purposeOf({ purposes }: KeyInventory, { key }: Step): KeyInventory['purposes'][number] {
  const purpose = purposes.find(({ name }) => name === key)
  ensure(
    purpose,
    'key_not_found',
    `the inventory has no purpose ${key}: was it taken out after the plan was made?`,
  )
  return purpose
}
