import { shown } from './guard.js'
import { SealdropError } from './sealdrop-error.js'

/** The words of a list, between which one space stands. */
type Words<List extends string> = List extends `${infer First} ${infer Rest}`
  ? First | Words<Rest>
  : List

/** The names of every member of a union. */
type NamesOf<T> = T extends unknown ? keyof T : never

/** Makes a list that is not that of its options a mistake of types, which shows what is amiss. */
type Whole<List extends string, T> = [
  Exclude<NamesOf<T>, Words<List>>,
  Exclude<Words<List>, NamesOf<T>>,
] extends [never, never]
  ? unknown
  : {
      readonly forgotten: Exclude<NamesOf<T>, Words<List>>
      readonly tooMany: Exclude<Words<List>, NamesOf<T>>
    }

/**
 * Refuses a name that an options object does not have, since what is misspelt would do nothing.
 *
 * - own members count, unless they are undefined
 * - a list that is not that of the type does not compile
 *
 * @param names - every name of the options, with one space between two
 * @param where - names the options in messages
 * @returns the options; `{}` where there are none
 * @throws SealdropError `invalid_argument` with the nearest name
 */
export function checkOptions<T extends object, List extends string>(
  o: T | undefined,
  names: List & Whole<List, T>,
  where = 'options',
): T {
  const given = (o ?? {}) as T
  const known = names.split(' ')
  for (const name of Object.keys(given))
    if (!known.includes(name) && given[name as keyof T] !== undefined) {
      const [nearest] = known.sort((a, b) => likeness(name, b) - likeness(name, a))
      throw new SealdropError(
        'invalid_argument',
        `${where}: there is no ${shown(name)}, did you mean ${nearest}?`,
      )
    }
  return given
}

/** How many letters of a known name a misspelt one has, less the others; in their place twice. */
const likeness = (misspelt: string, known: string): number =>
  known
    .split('')
    .reduce((sum, one, i) => sum + (misspelt.includes(one) ? 1 : -1) + +(one === misspelt[i]), 0)
