import type { Step } from '../../doors/kms.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'

/** What a kind of step does, in words. */
const doing: Readonly<Record<Step['kind'], string>> = {
  create: 'make a key for',
  'set-aside': 'set aside the next key of',
  activate: 'bring the next key into use for',
  'move-alias': 'move the alias of',
  unpublish: 'take out of the set',
}

/** A step of a plan as a line. */
export const stepLine = ({ kind, key, notBefore, why }: Step): string =>
  `${dateOf(notBefore)}  ${doing[kind]} ${key}: ${why}`

/** A time to the minute, in UTC. */
export const dateOf = (date: Date | string): string =>
  `${new Date(date).toISOString().slice(0, 16).replace('T', ' ')}Z`

/** What the library says, and what a command line says instead. */
const replacements: readonly (readonly [said: RegExp | string, instead: string])[] = [
  ['retireKey with disable comes', 'sealdrop keys retire --disable comes'],
  [
    'planRotation and applyRotation make one, then',
    'sealdrop keys rotate makes one: publish it, then',
  ],
  ['planRotation and applyRotation make its first keys', 'sealdrop keys init makes its first keys'],
  ['pass kms: { region }', 'say --region'],
  ['write one with its purposes and no keys', 'sealdrop keys init makes one'],
  [/^keepUntil: expected the Date/, '--keep-until: expected the date'],
  [/^inventory\.purposes\[(\d+)\]\./, '--purpose: '],
  [/^inventory\.purposes: two have one (name|alias)/, '--purpose: two have one $1'],
  [/^inventory\.lifetime: /, '--lifetime: '],
  [/^(root|days|reason|since|key): /, '--$1: '],
  [/^name and issuer: /, '--set-name and --issuer: '],
]

/** Does some work, whose errors are told in the words of the command. */
export async function inWordsOfTheCommand<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isSealdropError(error)) throw error
    const { code, message, whose, retryable } = error
    const said = replacements.reduce((text, [from, to]) => text.replace(from, to), message)
    throw said === message
      ? error
      : new SealdropError(code, said, { cause: error, whose, retryable })
  }
}
