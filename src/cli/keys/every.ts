import type { Command } from '../commander.js'

/** How often keys are rotated. */
export interface EveryArguments {
  readonly every?: string
}

/** Adds the flag that says how often keys are rotated. */
export const everyFlag = (command: Command): Command =>
  command.option(
    '--every <duration>',
    'how often keys are rotated, such as P3M; default: P1Y, as of doctor',
  )

/** As `doctor` counts too. */
export const everyOf = ({ every = 'P1Y' }: EveryArguments): string => every
