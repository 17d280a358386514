import { within } from '../../io/abort.js'
import type { Obeyed } from './budget.js'
import type { BudgetKind } from './budget-store.js'

type Next = (args: object) => Promise<unknown>

/** What is used of a command's own stack. The client's stack is never touched. */
interface Stack {
  add(middleware: (next: Next) => Next, o: { step: 'finalizeRequest'; name: string }): void
}

/** The attempts of a client, which wait for their turns in a budget. */
export interface Turns {
  readonly obeyed: Obeyed | undefined
  readonly kind: BudgetKind
  readonly client: { readonly config: { region(): Promise<string> } }
  readonly signal: AbortSignal | undefined
}

/**
 * Makes each attempt of a command wait for its turn.
 *
 * - It stands behind the client's own retry, so that each retry waits too.
 * - What the wait failed with is no error of AWS, so that the client does not try again.
 */
export function paced<C extends { readonly middlewareStack: object }>(
  command: C,
  { obeyed, kind, client, signal }: Turns,
): C {
  if (!obeyed) return command
  const stack = command.middlewareStack as Stack
  stack.add(
    (next) => async (args) => {
      await obeyed.pacer.take(kind, await client.config.region(), signal)
      return next(args)
    },
    { step: 'finalizeRequest', name: 'sealdropBudget' },
  )
  return command
}

const kinds: readonly (readonly [beginning: string, BudgetKind])[] = [
  ['RSASSA_', 'rsa'],
  ['ML_DSA_', 'mlDsa'],
]

/** The kind of key that signs by an algorithm; every other one is on an elliptic curve. */
export const kindOfSigning = (algorithm: string): BudgetKind =>
  kinds.find(([beginning]) => algorithm.startsWith(beginning))?.[1] ?? 'ecc'

/** Gives a call the time that its budget allows. A late one fails as one that nobody answered. */
export function inTime<R>(
  timeout: number | undefined,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  if (timeout === undefined) return work(signal)
  const late = Object.assign(new Error('no answer in time'), { name: 'TimeoutError' })
  return within(timeout, (stop) => work(signal ? AbortSignal.any([signal, stop]) : stop), late)
}
