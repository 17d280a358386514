import { ensure, shown } from './guard.js'

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
 * @throws SealdropError `invalid_argument`, which tells the names
 */
export function checkOptions<T extends object, List extends string>(
  o: T | undefined,
  names: List & Whole<List, T>,
  where = 'options',
): T {
  const given = (o ?? {}) as T
  const known: readonly string[] = names.split(' ')
  for (const [name, value] of Object.entries(given))
    ensure(
      value === undefined || known.includes(name),
      'invalid_argument',
      `${where}: there is no ${shown(name)} among ${names}`,
    )
  return given
}
