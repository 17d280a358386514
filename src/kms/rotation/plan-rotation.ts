import { ensure, isDate } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import { regionOf } from '../../formats/arn.js'
import { checkInventory } from '../inventory/check-inventory.js'
import type { KeyInventory, MadeKey, Purpose } from '../inventory/inventory-model.js'
import { later } from './duration.js'
import type { RotationPlan, Step } from './steps.js'
import {
  dueAt,
  needsAlias,
  resumableAt,
  standing,
  startsAt,
  timeOf,
  unpublishAt,
  type Standing,
} from './when.js'

/** When a plan is made, and how often keys are rotated. */
export interface PlanOptions {
  /** The time now. */
  readonly now: Date
  /**
   * For how long a key is current, as an ISO 8601 duration: `P3M`, `P90D`, `P1Y`.
   *
   * - It has years, months, weeks and days, and is one day at least.
   */
  readonly every: string
}

/**
 * Says what is to be done to the keys of an inventory, now and later, and does nothing.
 *
 * - Nobody is asked: the answer follows from the inventory and the time.
 * - Each purpose has a current key and a next one, whose thumbprint can be handed out before.
 * - A signing key signs when no set without it can be in use any more.
 * - An encryption key is sealed to when openers know it.
 * - Retired keys stay enabled.
 *
 * @returns steps in the order in which they come due, for people to read and for `applyRotation`
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: the inventory or an option is wrong
 * @example
 *   ```js
 *   import { fileInventory, planRotation } from 'sealdrop/kms'
 *   const { inventory } = await fileInventory('keys').read()
 *   const { steps, next } = planRotation(inventory, { now: new Date(), every: 'P1Y' })
 *   const [first] = steps
 *   console.log(first.kind, first.key) // activate contracts
 *   console.log(first.why) // the current key is in use since…
 *   console.log(next > new Date()) // true
 *   ```
 * @see jose-profile.md, "Key sets"
 */
export function planRotation(inventory: KeyInventory, o: PlanOptions): RotationPlan {
  return blamingNow(() => planOf(inventory, o))
}

function planOf(inventory: KeyInventory, o: PlanOptions): RotationPlan {
  checkInventory(inventory, 'invalid_argument')
  checkOptions(o, 'now every')
  ensure(isDate(o?.now), 'invalid_argument', 'now: expected a Date')
  const now = o.now.getTime()
  const steps = inventory.purposes
    .flatMap((purpose) => stepsOf(purpose, { inventory, now, every: o.every }))
    .sort((a, b) => a.notBefore.getTime() - b.notBefore.getTime())
  const first = steps[0]?.notBefore.getTime() ?? later(now, o.every)
  return { steps, next: new Date(Math.max(now, first)) }
}

/** The inventory that a plan is made of, the time, and how often keys are rotated. */
interface Planning {
  readonly inventory: KeyInventory
  readonly now: number
  readonly every: string
}

function stepsOf(purpose: Purpose, o: Planning): readonly Step[] {
  const stand = standing(o.inventory, purpose, o.now)
  return [
    ...unpublishing(purpose, o), // first, so that there is room in the set
    ...mending(stand, o),
    ...rotating(stand, o),
  ]
}

/** Makes steps of a purpose, none of them before now. */
const stepsFor =
  ({ name }: Purpose, { now }: Planning) =>
  (kind: Step['kind'], at: number, why: string): Step => ({
    kind,
    key: name,
    notBefore: new Date(Math.max(at, now)),
    why,
  })

function unpublishing(purpose: Purpose, o: Planning): readonly Step[] {
  const step = stepsFor(purpose, o)
  const own = o.inventory.keys.filter((key) => key.purpose === purpose.name)
  return own.flatMap((key) => {
    const end = unpublishAt(purpose, key, o.inventory.lifetime)
    if (end === undefined || key.thumbprint === undefined) return []
    const why =
      key.usage === 'SIGN_VERIFY'
        ? 'what it signed was verified for long enough'
        : 'nobody seals to it any more; it stays enabled for what it sealed'
    return [{ ...step('unpublish', end, why), key: key.thumbprint }]
  })
}

/** Steps for what is not as the purpose wants it now. */
function mending(stand: Standing, o: Planning): readonly Step[] {
  const { purpose, making, next, current, fitting } = stand
  const step = stepsFor(purpose, o)
  const steps: Step[] = []
  if (current && needsAlias(current, purpose))
    steps.push(step('move-alias', timeOf(current.starts), aliasMoves(purpose)))
  if (next && !fitting) {
    const why = `the next key is ${kindOfKey(next)}, its purpose says otherwise now`
    steps.push(step('set-aside', o.now, why))
  }
  if (making) {
    const why = 'the making of a key was cut off, and goes on'
    steps.push(step('create', resumableAt(making), why))
  } else if (!fitting)
    steps.push(step('create', o.now, current ? aheadOfTime : `${purpose.name} has no key yet`))
  return steps
}

/** Steps by which the next key comes into use, and another one is made. */
function rotating(stand: Standing, o: Planning): readonly Step[] {
  const { purpose, making, current, fitting } = stand
  const step = stepsFor(purpose, o)
  const due = dueAt(stand, o.every, o.now)
  const madeAt = making && !fitting ? resumableAt(making) : o.now
  const at = Math.max(due, stand.readyAt, o.now, madeAt)
  const what = current
    ? `the current key is in use since ${current.starts}, and is replaced every ${o.every}`
    : 'its first key comes into use'
  const wait =
    stand.readyAt > due ? '; everybody must have had the time to learn of the next one' : ''
  const activate = step('activate', at, what + wait)
  return [
    current ? { ...activate, from: current.thumbprint } : activate,
    step('create', at, aheadOfTime),
    step('move-alias', startsAt(stand, at), aliasMoves(purpose)),
  ]
}

const kindOfKey = ({ spec, alg, arns }: MadeKey): string =>
  `${spec} for ${alg} in ${arns.map(regionOf).join(' and ')}`
const aliasMoves = ({ alias }: Purpose): string => `${alias} is to name the current key`
const aheadOfTime =
  'the next key is made a rotation ahead, so that its thumbprint can be handed out'
