// Finds a marker in what left a page, in the forms in which text leaks. These are the text itself,
// URL-encoded, in hex, and in base64 of any alignment.

/** What to search for, in lower case where `insensitive`. */
export function tracesOf(marker) {
  const bytes = Buffer.from(marker)
  // at each of three alignments, the characters that depend on the marker alone
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(offset === 0 ? 0 : 4, -2),
  )
  const forms = [
    marker,
    encodeURIComponent(marker),
    marker.replaceAll(' ', '+'),
    JSON.stringify(marker).slice(1, -1),
    bytes.toString('hex'),
    [...marker].reverse().join(''),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
  return [...new Set(forms)]
}

/** The traces that a text holds. */
export const found = (text, traces) =>
  traces.filter((trace) => text.toLowerCase().includes(trace.toLowerCase()))
