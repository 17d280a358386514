import type { InventoryStore, Kms, RotationPlan, Step } from '../../doors/kms.js'
import type { Terminal } from '../terminal.js'
import { dateOf, stepLine } from './words.js'

/** Where a plan is carried out, and how it is told. */
export interface PlanRun {
  readonly terminal: Terminal
  readonly json: boolean
  readonly store: InventoryStore
  readonly kms: Kms
  readonly signal: AbortSignal
}

type Outcome = 'planned' | 'done' | 'waiting'

/** Tells steps of a plan, a line each. */
export function tellSteps(
  { terminal, json }: Pick<PlanRun, 'terminal' | 'json'>,
  outcome: Outcome,
  steps: readonly Step[],
): void {
  for (const step of steps)
    terminal.out(
      json ? JSON.stringify({ outcome, ...step }) : `${outcome.padEnd(8)} ${stepLine(step)}`,
    )
}

/**
 * Says a plan in words, and does what is due of it.
 *
 * @returns the steps that were done
 */
export async function carryOut(plan: RotationPlan, run: PlanRun): Promise<readonly Step[]> {
  const { applyRotation } = await import('../../doors/kms.js')
  const { terminal, store, kms, signal } = run
  for (const step of plan.steps) terminal.note(`planned  ${stepLine(step)}`)
  const { done, waiting, orphans } = await applyRotation(plan, { store, kms, signal })
  tellSteps(run, 'done', done)
  // people have the plan, which says when
  if (run.json) tellSteps(run, 'waiting', waiting)
  else if (done.length === 0) terminal.out('nothing is due')
  for (const { arn } of orphans ?? [])
    terminal.note(`${arn} may be left over: CloudTrail says who made it`)
  return done
}

/** Says when to rotate again. */
export const tellNext = ({ terminal, json }: Pick<PlanRun, 'terminal' | 'json'>, at: Date): void =>
  terminal.out(json ? JSON.stringify({ next: at }) : `next     ${dateOf(at)}`)
