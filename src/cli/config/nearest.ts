/** How many letters must change to make one name of another; two that changed places count once. */
function distance(from: string, to: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = from[i - 1] === to[j - 1] ? 0 : 1
      const swapped =
        from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? at(beforeLast, j - 2) + 1
          : Infinity
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + changed, swapped))
    }
    beforeLast = last
    last = row
  }
  return at(last, to.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity

/** The longest name that is compared. */
const longest = 80
/** More letters than that are another name. */
const mostChanged = 3

/** The name of a list that somebody may have meant; undefined where none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (name.length > longest) return undefined
  const rows = names.map((other) => ({
    other,
    changed: distance(name.toLowerCase(), other.toLowerCase()),
  }))
  const near = rows.filter(
    ({ other, changed }) =>
      changed <= mostChanged && changed < 0.6 * Math.max(name.length, other.length),
  )
  return near.sort((one, another) => one.changed - another.changed)[0]?.other
}

/** What to do about a name that is not there, behind a semicolon. */
export function meant(name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  if (near !== undefined) return `did you mean ${near}?`
  return names.length === 0 ? 'there is none' : `expected one of ${names.join(', ')}`
}
