// The prose of a Markdown document: its paragraphs and list items, without blocks of code, tables,
// headings and what stands before the document.

/** What is no prose, or is told from prose by how it begins. */
const apart = [
  /^---\n[\s\S]*?\n---\n/, // front matter
  /^```[\s\S]*?^```$/gm,
  /^<!--[\s\S]*?-->$/gm,
  /^!\[.*\]\(.*\)$/gm, // a picture with its words
  /^(?:\||#).*$/gm, // tables and headings
]

const item = /^\s*(?:[-*]|\d+\.) (?:\[ \] )?/

/** A sentence ends at a full stop, question mark or exclamation mark, which may stand in bold. */
const endOfSentence = /(?<=[.?!][)*"_]{0,3})\s+/

/** Paragraphs and list items, each with the number of the line that it begins in. */
export function paragraphsOf(text) {
  const blank = (found) => found.replace(/[^\n]/g, '')
  const prose = apart.reduce((rest, pattern) => rest.replace(pattern, blank), text)
  return prose.split('\n').flatMap((line, index) => {
    const words = line.replace(item, '').trim()
    return words === '' ? [] : [{ line: index + 1, text: words, item: item.test(line) }]
  })
}

/** The sentences of a paragraph; an abbreviation such as "e.g." is not written here. */
export const sentencesOf = (paragraph) => paragraph.split(endOfSentence)

/** How many words a reader meets: code is one word, and of a link its text counts. */
export function wordsOf(sentence) {
  return sentence
    .replace(/`[^`]+`/g, 'code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}
