import type { KeyInventory } from '../inventory/inventory-model.js'
import { planRotation } from '../rotation/plan-rotation.js'
import { day } from '../rotation/steps.js'
import { dueAt, standing } from '../rotation/when.js'
import { finding, warning, type Finding } from './finding.js'

/** How late a rotation may be: whoever runs one every day is never so late. */
const patience = 4 * day

/** What a rotation would do now: a warning at first, and wrong when nobody seems to run one. */
export function examineRotation(inventory: KeyInventory, now: number, every: string): Finding {
  const check = 'rotation: nothing is due'
  const due = (at: number): readonly string[] =>
    planRotation(inventory, { now: new Date(at), every })
      .steps.filter(({ notBefore }) => notBefore.getTime() <= at)
      .map(({ kind, key, why }) => `${kind} ${key} (${why})`)
  // creating and setting aside have no date of their own
  const dated = due(now - day).filter((step) => !/^(create|set-aside) /.test(step))
  const late = inventory.purposes
    .map((purpose) => standing(inventory, purpose, now))
    .filter((stand) => stand.current && dueAt(stand, every, now) < now - patience)
    .map(({ purpose, current }) => `${purpose.name} (its key is in use since ${current?.starts})`)
  if (dated.length + late.length > 0)
    return finding(
      check,
      `${[...dated, ...late].join('; ')}. Does anything run planRotation and applyRotation?`,
    )
  const today = due(now)
  return today.length > 0
    ? warning(check, `run planRotation and applyRotation: ${today.join('; ')}`)
    : finding(check)
}
