/** Headers by name. One that came twice has two values (`headersDistinct` of Node). */
export type SignedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Names in lower case; values trimmed, runs of spaces made one, repeated headers joined. */
export function canonicalHeaders(headers: SignedHeaders): ReadonlyMap<string, string> {
  const lists = new Map<string, string[]>()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const lower = name.toLowerCase()
    const values = typeof value === 'string' ? [value] : value
    lists.set(lower, [...(lists.get(lower) ?? []), ...values])
  }
  return new Map([...lists].map(([name, values]) => [name, values.map(trimmed).join(',')]))
}

const trimmed = (value: string): string => value.trim().replace(/\s+/g, ' ')

/** RFC 3986 §2.3: everything but unreserved characters. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** Compares by UTF-16 units, which are ASCII after encoding. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Sorted by name, then by value, after encoding. */
export function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part): readonly [string, string] => {
      const [name = '', ...value] = part.split('=')
      return [
        percentEncoded(decodeURIComponent(name)),
        percentEncoded(decodeURIComponent(value.join('='))),
      ]
    })
    .sort(([a, x], [b, y]) => (a === b ? inOrder(x, y) : inOrder(a, b)))
    .map((pair) => pair.join('='))
    .join('&')
}
