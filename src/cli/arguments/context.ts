import { isJsonObject, isText, parseJson } from '../../formats/json.js'
import type { Context } from '../../formats/context.js'
import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'

/** Pairs of a context as they were given, in their order. */
type Pairs = readonly (readonly [name: string, value: string])[]

/** Reads `name=value`: the first `=` splits, and a comma means nothing. */
export function contextPair(text: string): Pairs {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`-c ${text}: expected name=value`)
  return [[text.slice(0, at), text.slice(at + 1)]]
}

/** Reads AWS's forms: a JSON object of texts, or `name=value,name=value`. */
export function encryptionContext(text: string): Pairs {
  if (!text.trimStart().startsWith('{')) return text.split(',').flatMap(contextPair)
  const found = jsonOf(text)
  const pairs = Object.entries(isJsonObject(found) ? found : {})
  if (!isJsonObject(found) || !pairs.every(([, value]) => isText(value)))
    throw new UsageError('--encryption-context: expected a JSON object whose members are texts')
  return pairs as unknown as Pairs
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text, { code: 'invalid_argument', field: '--encryption-context', depth: 2 })
  } catch {
    return undefined
  }
}

/** The context of these pairs. A name may be there once. */
function contextOf(pairs: Pairs): Context {
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new UsageError(`-c: the name ${twice} is there twice`)
  return Object.fromEntries(pairs)
}

/**
 * Adds the flags of a context.
 *
 * @returns what gives the context, once the command line was read
 */
export function contextFlags(command: Command): () => Context {
  const pairs: Pairs[number][] = []
  const add =
    (parse: (text: string) => Pairs) =>
    (text: string): true => {
      pairs.push(...parse(text))
      return true
    }
  command.option(
    '-c, --context <name=value>',
    'a pair of the context; again for several',
    add(contextPair),
  )
  command.option(
    '--encryption-context <pairs>',
    "the context as AWS's command line takes it: JSON, or name=value,name=value",
    add(encryptionContext),
  )
  return () => contextOf(pairs)
}
