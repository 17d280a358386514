import { Command } from '../commander.js'

/** What a thumbprint looks like that begins as a flag does: one in 64 of them. */
const dashed = /^-[\w-]{42}$/

/** A command that takes thumbprints, which may begin with `-`, as arguments. */
export class KeyCommand extends Command {
  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    return super.parseOptions(this.#withThumbprintsLast(args))
  }

  /** Behind `--` nothing is taken for a flag. The value of a flag stays where it is. */
  #withThumbprintsLast(args: readonly string[]): string[] {
    const end = args.indexOf('--')
    const flags = end < 0 ? args : args.slice(0, end)
    const isMoved = (arg: string, index: number): boolean =>
      dashed.test(arg) && !this.#takesValue(flags[index - 1])
    const moved = flags.filter(isMoved)
    const rest = end < 0 ? [] : args.slice(end + 1)
    if (moved.length === 0) return [...args]
    return [...flags.filter((arg, index) => !isMoved(arg, index)), '--', ...moved, ...rest]
  }

  #takesValue(flag: string | undefined): boolean {
    return this.options.some(({ long, short, required }) =>
      required ? flag !== undefined && [long, short].includes(flag) : false,
    )
  }
}
