import { later } from '../../kms/rotation/duration.js'
import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'

/** How often keys are rotated. */
export interface EveryArguments {
  readonly every?: string
}

/** Looks at a duration at once: a plan reads it only where there is a key. */
function parseEvery(text: string): string {
  try {
    later(Date.now(), text)
    return text
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`)
  }
}

/** Adds the flag that says how often keys are rotated. */
export const everyFlag = (command: Command): Command =>
  command.option(
    '--every <duration>',
    'how often keys are rotated, such as P3M; default: P1Y',
    parseEvery,
  )

/** The default is that of `doctor`. */
export const everyOf = ({ every = 'P1Y' }: EveryArguments): string => every
