/** A pattern of policies: UTF-16 units, and two codes for `*` and `?` that no unit has. */
export type Glob = readonly number[]

const many = -1
const one = -2

export const literal = (text: string): Glob =>
  Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))

/** Reads a pattern, in which `*` is any run of characters and `?` any single one. */
export const globOf = (text: string): Glob => literal(text).map(wildcardOf)

function wildcardOf(code: number): number {
  if (code === 42) return many
  return code === 63 ? one : code
}

export const inLowerCase = (glob: Glob): Glob =>
  glob.map((code) => (code < 0 ? code : String.fromCharCode(code).toLowerCase().charCodeAt(0)))

/** The parts between colons. The last part keeps further colons. */
export function globParts(glob: Glob, count: number): readonly Glob[] {
  const parts: number[][] = [[]]
  for (const code of glob) {
    if (code === 58 && parts.length < count) parts.push([])
    else parts.at(-1)?.push(code)
  }
  return parts
}

/**
 * Whether text matches a pattern. It goes back to the last star only, so that no pattern is slow.
 */
export function globMatches(glob: Glob, text: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let i = 0; i < text.length;) {
    if (glob[at] === many) {
      star = at
      resume = i
      at++
    } else if (glob[at] === one || glob[at] === text.charCodeAt(i)) {
      at++
      i++
    } else if (star >= 0) {
      resume++
      at = star + 1
      i = resume
    } else return false
  }
  while (glob[at] === many) at++
  return at === glob.length
}
