import type { Command, Option } from '../commander.js'

/** What may stand where the cursor is. */
export interface Candidates {
  readonly values: readonly Candidate[]
  /** Whether a file may stand there too. */
  readonly files: boolean
}

type Candidate = readonly [value: string, description: string]

/** Where the cursor is: behind which command, and which option that waits for its value. */
interface Place {
  readonly command: Command
  readonly option: Option | undefined
  readonly isBehindDashes: boolean
}

const nothing: Candidates = { values: [], files: false }
const takesValue = (option: Option): boolean => option.required || option.optional

/** The option that a word names, such as `-r` or `--type=text`. */
const optionOf = (command: Command, word: string): Option | undefined =>
  command.options.find(({ short, long }) => [short, long].includes(word.split('=')[0]))

const commandOf = (command: Command, word: string): Command | undefined =>
  command.commands.find((found) => found.name() === word || found.aliases().includes(word))

/** The place behind one more word. */
function behind({ command, option, isBehindDashes }: Place, word: string): Place {
  if (isBehindDashes) return { command, option: undefined, isBehindDashes }
  if (word === '--') return { command, option: undefined, isBehindDashes: true }
  if (word.startsWith('-') && word !== '-') {
    const named = word.includes('=') ? undefined : optionOf(command, word)
    return { command, option: named && takesValue(named) ? named : undefined, isBehindDashes }
  }
  // an option that takes several values takes this one, and waits for more
  if (option) return { command, option: option.variadic ? option : undefined, isBehindDashes }
  return { command: commandOf(command, word) ?? command, option, isBehindDashes }
}

const ofChoices = (choices: readonly string[] | undefined): Candidates =>
  choices?.length
    ? { values: choices.map((choice) => [choice, '']), files: false }
    : { values: [], files: true }

/** Visible options, as they are written. */
const ofOptions = (command: Command): Candidates => ({
  values: command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => [long ?? short ?? '', description]),
  files: false,
})

function ofOperands(command: Command): Candidates {
  const commands = command.createHelp().visibleCommands(command)
  if (commands.length > 0)
    return {
      values: commands.map((found) => [found.name(), found.description()]),
      files: false,
    }
  const [first] = command.registeredArguments
  return first ? ofChoices(first.argChoices) : nothing
}

function candidatesAt({ command, option, isBehindDashes }: Place, last: string): Candidates {
  if (isBehindDashes) return ofOperands(command)
  if (last.startsWith('--') && last.includes('=')) {
    const named = optionOf(command, last)
    return named && takesValue(named) ? ofChoices(named.argChoices) : nothing
  }
  // `-` alone is stdin, and what begins with it is an option
  if (last.startsWith('-')) return ofOptions(command)
  return option ? ofChoices(option.argChoices) : ofOperands(command)
}

/**
 * What a shell may offer for the last word.
 *
 * @param words - those behind `sealdrop`, up to the cursor; the last one may be empty
 */
export function candidates(program: Command, words: readonly string[]): Candidates {
  const last = words.at(-1) ?? ''
  const start: Place = { command: program, option: undefined, isBehindDashes: false }
  const place = words.slice(0, -1).reduce(behind, start)
  const { values, files } = candidatesAt(place, last)
  const begun = last.startsWith('--') ? last.replace(/^[^=]*=/, '') : last
  return { values: values.filter(([value]) => value.startsWith(begun)), files }
}
