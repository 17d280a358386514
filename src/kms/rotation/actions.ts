import { ensure } from '../../errors/guard.js'
import { readInventory } from '../inventory/asked-store.js'
import { checkInventory } from '../inventory/check-inventory.js'
import type { InventoryKey, KeyInventory, Purpose } from '../inventory/inventory-model.js'
import { ensureRoom } from '../inventory/published-keys.js'
import { isoOf, purposeOf, updateInventory, withKey } from '../inventory/update.js'
import { isOut } from '../port/key-state.js'
import { aliasFor } from './alias.js'
import { createNext } from './create-next.js'
import type { Step, StepContext, StepKind } from './steps.js'
import {
  needsAlias,
  resumableAt,
  standing,
  startsAt,
  timeOf,
  unpublishAt,
  type Standing,
} from './when.js'

/** What became of a step: it was done, nothing was to be done, or when it can be done. */
export type Outcome = 'done' | 'nothing' | Date

type Action = (run: StepContext, step: Step) => Promise<Outcome>

/** What each kind of step does, by the inventory as it is then. */
export const actions: Readonly<Record<StepKind, Action>> = {
  create,
  'set-aside': setAside,
  activate,
  'move-alias': moveAlias,
  unpublish,
}

async function create(run: StepContext, step: Step): Promise<Outcome> {
  const { purpose, making: begun, next, current, fitting } = await readStanding(run, step)
  // a next key of another kind is set aside first
  if (next && !fitting) return new Date(run.now)
  if (begun && resumableAt(begun) > run.now) return new Date(resumableAt(begun))
  if (!begun && fitting) return 'nothing'
  if (!current) await checkAlias(run, purpose.alias)
  await createNext(run, { purpose, begun, current })
  return 'done'
}

function setAside(run: StepContext, step: Step): Promise<Outcome> {
  return change(run, (inventory) => {
    const { next, fitting } = standingIn(inventory, run, step)
    return next && !fitting ? withoutNext(inventory, next, run.now) : undefined
  })
}

async function activate(run: StepContext, step: Step): Promise<Outcome> {
  const { current, fitting: next, readyAt } = await readStanding(run, step)
  if (current?.thumbprint !== step.from) return 'nothing'
  if (!next) return new Date(run.now)
  if (readyAt > run.now) return new Date(readyAt)
  const states = await Promise.all(next.arns.map((arn) => run.port.stateOf(arn, run.signal)))
  if (states.some(isOut)) {
    // somebody disabled it, and had a reason: another one is made
    await giveUp(run, step, next)
    return new Date(run.now)
  }
  if (states.some((state) => state !== 'Enabled')) return new Date(run.now)
  return change(run, (inventory) => withNextActive(inventory, run, step))
}

async function giveUp(run: StepContext, step: Step, { token }: InventoryKey): Promise<void> {
  await change(run, (inventory) => {
    const { next } = standingIn(inventory, run, step)
    return next?.token === token ? withoutNext(inventory, next, run.now) : undefined
  })
}

/** The inventory with the next key as the current one; undefined where that is not due any more. */
function withNextActive(
  inventory: KeyInventory,
  run: StepContext,
  step: Step,
): KeyInventory | undefined {
  const stand = standingIn(inventory, run, step)
  const { current, fitting: next, readyAt } = stand
  const isDue = current?.thumbprint === step.from && readyAt <= run.now
  if (!isDue || !next) return undefined
  const at = isoOf(run.now)
  if (next.published === undefined) ensureRoom(inventory, next.spec, 1)
  const retired = current
    ? withKey(inventory, current, { state: 'retired', retired: at })
    : inventory
  return withKey(retired, next, {
    state: 'current',
    published: next.published ?? at,
    starts: isoOf(startsAt(stand, run.now)),
  })
}

async function moveAlias(run: StepContext, step: Step): Promise<Outcome> {
  const { purpose, current } = await readStanding(run, step)
  if (!current || !needsAlias(current, purpose)) return 'nothing'
  const starts = timeOf(current.starts)
  if (starts > run.now) return new Date(starts)
  const moves = current.arns.map((arn) => moveAliasTo(arn, run, purpose))
  // a Region that fails does not hold up the others
  const moved = await Promise.allSettled(moves)
  const failure = moved.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
  const named = { alias: purpose.alias, aliased: isoOf(run.now) }
  return change(run, (inventory) => withKey(inventory, current, named))
}

async function moveAliasTo(arn: string, run: StepContext, purpose: Purpose): Promise<void> {
  const alias = aliasFor(purpose.alias, arn)
  await checkAlias(run, alias)
  await run.port.moveAlias(alias, arn, run.signal)
}

function unpublish(run: StepContext, step: Step): Promise<Outcome> {
  return change(run, (inventory) => {
    const key = inventory.keys.find(({ thumbprint }) => thumbprint === step.key)
    if (!key) return undefined
    const end = unpublishAt(purposeOf(inventory, key), key, inventory.lifetime)
    if (end === undefined || end > run.now) return undefined
    return withKey(inventory, key, { unpublished: isoOf(run.now) })
  })
}

const withoutNext = (inventory: KeyInventory, next: InventoryKey, now: number): KeyInventory =>
  withKey(inventory, next, { state: 'retired', retired: isoOf(now) })

/**
 * Refuses to move an alias that names a key which the inventory does not know.
 *
 * Somebody uses that key, and openers by the inventory could not open what was sealed to it.
 */
async function checkAlias({ port, store, signal }: StepContext, alias: string): Promise<void> {
  const named = await port.aliased(alias, signal)
  const found = await readInventory(store)
  const known = found?.inventory.keys.flatMap(({ arns = [] }) => arns) ?? []
  ensure(
    named === undefined || known.includes(named),
    'conflict',
    `${alias} names ${named}, which the inventory does not know: enter that key as the current one of its purpose, or choose another alias`,
  )
}

async function change(
  { store, now }: StepContext,
  changed: (inventory: KeyInventory) => KeyInventory | undefined,
): Promise<Outcome> {
  const isDone = await updateInventory(store, now, changed)
  return isDone ? 'done' : 'nothing'
}

async function readStanding(run: StepContext, step: Step): Promise<Standing> {
  const found = await readInventory(run.store)
  ensure(
    found,
    'key_not_found',
    'there is no inventory yet: write one with its purposes and no keys',
  )
  return standingIn(checkInventory(found.inventory, 'malformed'), run, step)
}

/** How the purpose of a step stands now. */
function standingIn(inventory: KeyInventory, { now, isNew }: StepContext, step: Step): Standing {
  const purpose = inventory.purposes.find(({ name }) => name === step.key)
  ensure(
    purpose,
    'key_not_found',
    `the inventory has no purpose ${step.key}: was it taken out after the plan was made?`,
  )
  return standing(inventory, purpose, now, isNew)
}
