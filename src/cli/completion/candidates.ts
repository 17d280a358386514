import type { Command, Option } from '../commander.js'

/** What may stand where the cursor is. */
export interface Candidates {
  readonly values: readonly Candidate[]
  /** Whether a file may stand there too. */
  readonly files: boolean
}

type Candidate = readonly [value: string, description: string]

/** Where the cursor is: behind which command, how many operands, and which option that waits. */
interface Place {
  readonly command: Command
  readonly operands: number
  readonly option?: Option | undefined
  readonly isBehindDashes?: boolean
}

const nothing: Candidates = { values: [], files: false }
const takesValue = (option: Option): boolean => option.required || option.optional

/** The option that a word names, such as `-r` or `--type=text`. */
const optionOf = (command: Command, word: string): Option | undefined =>
  [command, ...(command.parent ? [command.parent] : [])]
    .flatMap(({ options }) => options)
    .find(({ short, long }) => [short, long].includes(word.split('=')[0]))

const commandOf = (command: Command, word: string): Command | undefined =>
  command.commands.find((found) => found.name() === word || found.aliases().includes(word))

/** The place behind one more word. */
function behind(place: Place, word: string): Place {
  const { command, operands, option, isBehindDashes } = place
  if (isBehindDashes) return { ...place, operands: operands + 1 }
  if (word === '--') return { command, operands, isBehindDashes: true }
  if (word.startsWith('-') && word !== '-') {
    const named = word.includes('=') ? undefined : optionOf(command, word)
    return { command, operands, option: named && takesValue(named) ? named : undefined }
  }
  // an option that takes several values takes this one, and waits for more
  if (option) return { command, operands, option: option.variadic ? option : undefined }
  const sub = commandOf(command, word)
  return sub ? { command: sub, operands: 0 } : { command, operands: operands + 1 }
}

const ofChoices = (choices: readonly string[] | undefined): Candidates =>
  choices?.length
    ? { values: choices.map((choice) => [choice, '']), files: false }
    : { values: [], files: true }

/** Visible options, as they are written. */
function ofOptions(command: Command): Candidates {
  const help = command.createHelp()
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
  return {
    values: options.map(({ long, short, description }) => [long ?? short ?? '', description]),
    files: false,
  }
}

function ofOperands({ command, operands }: Place): Candidates {
  const commands = command.createHelp().visibleCommands(command)
  if (commands.length > 0)
    return {
      values: commands.map((found) => [found.name(), found.description()]),
      files: false,
    }
  const last = command.registeredArguments.at(-1)
  const here = command.registeredArguments[operands] ?? (last?.variadic ? last : undefined)
  return here ? ofChoices(here.argChoices) : nothing
}

function candidatesAt(place: Place, last: string): Candidates {
  const { command, option, isBehindDashes } = place
  if (isBehindDashes) return ofOperands(place)
  if (last.startsWith('--') && last.includes('=')) {
    const named = optionOf(command, last)
    return named && takesValue(named) ? ofChoices(named.argChoices) : nothing
  }
  // `-` alone is stdin, and what begins with it is an option
  if (last.startsWith('-')) return ofOptions(command)
  return option ? ofChoices(option.argChoices) : ofOperands(place)
}

/**
 * What a shell may offer for the last word.
 *
 * @param words - those behind `sealdrop`, up to the cursor; the last one may be empty
 */
export function candidates(program: Command, words: readonly string[]): Candidates {
  const last = words.at(-1) ?? ''
  const place = words.slice(0, -1).reduce<Place>(behind, { command: program, operands: 0 })
  const { values, files } = candidatesAt(place, last)
  const begun = last.startsWith('--') ? last.replace(/^[^=]*=/, '') : last
  return { values: values.filter(([value]) => value.startsWith(begun)), files }
}
