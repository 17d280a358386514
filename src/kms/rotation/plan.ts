import { ensure } from '../../errors/guard.js'
import { regionOf } from '../../formats/arn.js'
import { checkInventory } from '../inventory/check.js'
import type { InventoryKey, KeyInventory, Purpose } from '../inventory/model.js'
import { later } from './duration.js'
import type { RotationPlan, Step } from './steps.js'
import { dueAt, needsAlias, resumableAt, standing, startsAt, timeOf, unpublishAt } from './when.js'

export interface PlanOptions {
  readonly now: Date
  /** How long a key is current, as an ISO 8601 duration of years, months, weeks and days: `P3M`. */
  readonly every: string
}

/**
 * What is to be done to the keys of an inventory, now and later; nothing is done and nobody is
 * asked. Each purpose has a current key and a next one, made a rotation ahead so that its
 * thumbprint can be pinned. A signing key is published before it signs until no set without it can
 * be in use; an encryption key is not sealed to before openers know it. Retired keys stay enabled.
 *
 * @returns steps in the order in which they come due, for people to read and for `applyRotation`
 * @throws SealdropError `invalid_argument`
 * @see jose-profile.md, "Key sets"
 */
export function planRotation(inventory: KeyInventory, o: PlanOptions): RotationPlan {
  checkInventory(inventory, 'invalid_argument')
  ensure(
    o?.now instanceof Date && Number.isFinite(o.now.getTime()),
    'invalid_argument',
    'now: expected a Date',
  )
  const now = o.now.getTime()
  const steps = inventory.purposes
    .flatMap((purpose) => stepsOf(purpose, inventory, now, o.every))
    .sort((a, b) => a.notBefore.getTime() - b.notBefore.getTime())
  const first = steps[0]?.notBefore.getTime() ?? later(now, o.every)
  return { steps, next: new Date(Math.max(now, first)) }
}

function stepsOf(
  purpose: Purpose,
  inventory: KeyInventory,
  now: number,
  every: string,
): readonly Step[] {
  const { name, alias } = purpose
  const stand = standing(inventory, purpose, now)
  const { making, next, current, fits } = stand
  const step = (kind: Step['kind'], at: number, why: string, more: Partial<Step> = {}): Step => ({
    kind,
    key: name,
    notBefore: new Date(Math.max(at, now)),
    why,
    ...more,
  })
  const steps: Step[] = []
  for (const key of inventory.keys) {
    // first, so that there is room in the set
    const end = key.purpose === name ? unpublishAt(purpose, key, inventory.lifetime) : undefined
    if (end !== undefined && key.thumbprint !== undefined)
      steps.push(
        step(
          'unpublish',
          end,
          key.usage === 'SIGN_VERIFY'
            ? 'what it signed was verified for long enough'
            : 'nobody seals to it any more; it stays enabled for what it sealed',
          { key: key.thumbprint },
        ),
      )
  }
  if (current && needsAlias(current, purpose))
    steps.push(step('move-alias', timeOf(current.starts), `${alias} is to name the current key`))
  if (next && !fits)
    steps.push(
      step('set-aside', now, `the next key is ${kindOfKey(next)}, its purpose says otherwise now`),
    )
  if (making)
    steps.push(
      step('create', resumableAt(making), 'the making of a key was cut off, and is finished'),
    )
  else if (!fits) steps.push(step('create', now, current ? aheadOfTime : `${name} has no key yet`))

  const due = dueAt(stand, every, now)
  const at = Math.max(due, stand.readyAt, now, making && !fits ? resumableAt(making) : now)
  const why = `${current ? `the current key is in use since ${current.starts}, and is replaced every ${every}` : 'its first key comes into use'}${stand.readyAt > due ? '; everybody must have had the time to learn of the next one' : ''}`
  steps.push(
    step(
      'activate',
      at,
      why,
      current?.thumbprint === undefined ? {} : { from: current.thumbprint },
    ),
  )
  steps.push(step('create', at, aheadOfTime))
  steps.push(step('move-alias', startsAt(stand, at), `${alias} is to name the current key`))
  return steps
}

const kindOfKey = ({ spec, alg, arns = [] }: InventoryKey): string =>
  `${spec} for ${alg} in ${arns.map(regionOf).join(' and ')}`
const aheadOfTime =
  'the next key is made a rotation ahead, so that its thumbprint can be handed out'
