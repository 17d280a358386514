import type { InventoryKey, KeyInventory, KeyState, Purpose, Step } from '../../doors/kms.js'
import { isDeleted } from '../../kms/inventory/inventory-model.js'
import { dateOf } from './words.js'

/** A key as it is listed. */
export interface KeyRow {
  readonly purpose: string
  readonly use: Purpose['use']
  readonly alias: string
  /** `none` where the purpose has no key yet. */
  readonly state: KeyState | 'none'
  readonly thumbprint?: string
  readonly alg?: string
  readonly arns?: readonly string[]
  readonly since?: string
  readonly until?: string
  readonly revoked?: InventoryKey['revoked']
  /** What a rotation does to it next. */
  readonly step?: Step
}

/** How a state is told: since when a key is in it, until when, and which steps end it. */
interface Telling {
  readonly since: (key: InventoryKey) => string | undefined
  readonly until: (key: InventoryKey, step: Step | undefined) => string | undefined
  readonly steps: readonly Step['kind'][]
}

const untilStep: Telling['until'] = (_, step) => step?.notBefore.toISOString()

const tellings: Readonly<Record<KeyState, Telling>> = {
  making: { since: ({ began }) => began, until: untilStep, steps: ['create'] },
  next: { since: ({ made }) => made, until: untilStep, steps: ['set-aside', 'activate'] },
  current: { since: ({ starts }) => starts, until: untilStep, steps: ['activate'] },
  retired: {
    since: ({ retired }) => retired,
    until: ({ keepUntil }) => keepUntil,
    steps: ['unpublish'],
  },
  disabled: { since: ({ disabled }) => disabled, until: ({ keepUntil }) => keepUntil, steps: [] },
  deleting: { since: ({ disabled }) => disabled, until: ({ deletes }) => deletes, steps: [] },
  deleted: { since: ({ deletes }) => deletes, until: () => undefined, steps: [] },
}

/** All keys of an inventory, by purpose. @param steps - of the plan of its rotation */
export function keyRows(
  { purposes, keys }: KeyInventory,
  steps: readonly Step[],
): readonly KeyRow[] {
  return purposes.flatMap(({ name, use, alias }) => {
    const own = keys.filter(({ purpose }) => purpose === name)
    if (own.length === 0) {
      const step = steps.find(({ key }) => key === name)
      return [{ purpose: name, use, alias, state: 'none' as const, ...(step && { step }) }]
    }
    return own.map((key) => ({ use, alias, ...rowOf(key, steps) }))
  })
}

function rowOf(key: InventoryKey, steps: readonly Step[]): Omit<KeyRow, 'use' | 'alias'> {
  const { purpose, thumbprint, alg, arns, revoked } = key
  // nobody writes down that a deletion became final
  const state = isDeleted(key, Date.now()) ? 'deleted' : key.state
  const telling = tellings[state]
  const step = steps.find(
    ({ kind, key: of }) =>
      telling.steps.includes(kind) && of === (kind === 'unpublish' ? thumbprint : purpose),
  )
  const [since, until] = [telling.since(key), telling.until(key, step)]
  return {
    purpose,
    state,
    ...(thumbprint !== undefined && { thumbprint }),
    ...(alg !== undefined && { alg }),
    ...(arns && { arns }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(revoked && { revoked }),
    ...(step && { step }),
  }
}

/** Rows as lines for people: a heading for each purpose, and its keys under it. */
export function inLines(rows: readonly KeyRow[]): readonly string[] {
  const names = [...new Set(rows.map(({ purpose }) => purpose))]
  return names.flatMap((name) => {
    const own = rows.filter(({ purpose }) => purpose === name)
    const [first] = own
    const heading = `${name}  ${first?.use === 'sig' ? 'signs' : 'is sealed to'}, ${first?.alias}`
    return [heading, ...own.flatMap(rowLines)]
  })
}

function rowLines({ state, thumbprint, alg, since, until, revoked, step }: KeyRow): string[] {
  const dates = [
    ...(since === undefined ? [] : [`since ${dateOf(since)}`]),
    ...(until === undefined ? [] : [`until ${dateOf(until)}`]),
  ]
  const facts = [state.padEnd(8), thumbprint ?? '-', alg ?? '', dates.join(' ')]
  return [
    `  ${facts.filter((fact) => fact !== '').join('  ')}`,
    ...(revoked ? [`           taken back from ${dateOf(revoked.at)} on: ${revoked.reason}`] : []),
    ...(step ? [`           then ${step.kind}: ${step.why}`] : []),
  ]
}
