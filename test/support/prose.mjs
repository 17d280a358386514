// The prose of Markdown: its paragraphs and list items, and the cells of its tables, each sentence
// by itself. Headings, pictures and blocks of code are not prose.

const apart = [
  /^---\n[\s\S]*?\n---\n/, // front matter
  /^```[\s\S]*?^```$/gm,
  /^<!--.*-->$/gm,
  /^!\[.*\]\(.*\)$/gm,
  /^#.*$/gm,
]

/** What a list item begins with. */
const bullet = /^\s*(?:[-*]|\d+\.) (?:\[ \] )?/

/** A sentence ends at a full stop, a question mark or an exclamation mark, and what closes it. */
const endOfSentence = /(?<=[.?!][)*"_]{0,3})\s+/

const blank = (text) => text.replace(/[^\n]/g, '')

/**
 * Paragraphs, list items and cells, each with the number of its line. Each paragraph is one line,
 * since the formatter wraps none.
 */
export function paragraphsOf(markdown) {
  const prose = apart.reduce((rest, pattern) => rest.replace(pattern, blank), markdown)
  return prose.split('\n').flatMap((text, index) => {
    const parts = text.startsWith('|') ? text.split(/(?<!\\)\|/) : [text.replace(bullet, '')]
    const line = index + 1
    return parts.map((part) => ({ line, text: part.trim() })).filter((part) => part.text !== '')
  })
}

/** The sentences of a paragraph. The documents have no abbreviations that end in a full stop. */
export const sentencesOf = (paragraph) => paragraph.split(endOfSentence)

/** How many words a reader meets. Code counts as one word, and a link as its text. */
export function wordsOf(sentence) {
  const read = sentence.replace(/`[^`]+`/g, 'code').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return read.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}

/** Every sentence over `most` words, with its line and how many it has. */
export const longSentences = (markdown, most) =>
  paragraphsOf(markdown).flatMap(({ line, text }) =>
    sentencesOf(text)
      .map((sentence) => ({ line, words: wordsOf(sentence), sentence }))
      .filter(({ words }) => words > most),
  )
