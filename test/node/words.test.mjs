// CONTRIBUTING.md, "Words": somebody whose first language is another has to understand a document
// at once. So no sentence of a document has more than 25 words, also in lists and tables.
import test from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { assert } from 'chai'
import { longSentences, paragraphsOf, sentencesOf, wordsOf } from '../support/prose.mjs'

const root = new URL('../../', import.meta.url)
const most = 25

/** All documents that people write; docs/api-report is made from the declarations. */
const documents = globSync('{*.md,docs/**/*.md,examples/*.md,.github/*.md}', {
  cwd: root.pathname,
}).filter((path) => !path.startsWith('docs/api-report/') && !path.includes('node_modules'))

const read = (path) => readFileSync(new URL(path, root), 'utf8')

test('no sentence of a document has more than 25 words', () => {
  assert.isAtLeast(documents.length, 28)
  const found = documents.flatMap((path) =>
    longSentences(read(path), most).map(
      ({ line, words, sentence }) => `${path}:${line} has ${words} words: ${sentence}`,
    ),
  )
  assert.deepEqual(found, [])
})

test('the prose of each document was found', () => {
  for (const path of documents) {
    const sentences = paragraphsOf(read(path)).flatMap(({ text }) => sentencesOf(text))
    assert.isAtLeast(sentences.length, 4, path)
  }
})

test('a sentence of 26 words is found wherever it stands', () => {
  const words = (count) => Array.from({ length: count }, () => 'word').join(' ')
  const rows = [
    `${words(26)}.`,
    `- ${words(26)}`,
    `  1. ${words(26)}:`,
    `Short. **${words(26)}.** Short.`,
    `| short | ${words(26)} |`,
    `---\ntitle: x\n---\n\n${words(26)}`,
    `\`\`\`js\nlet x\n\`\`\`\n${words(26)}`,
  ]
  for (const text of rows) assert.lengthOf(longSentences(text, most), 1, text)
  assert.deepEqual(
    rows.flatMap((text) => longSentences(text.replace('word ', ''), most)),
    [],
  )
  for (const code of [`\`\`\`js\n${words(26)}\n\`\`\``, `\`${words(26)}\``, `# ${words(26)}`])
    assert.deepEqual(longSentences(code, most), [], code)
  assert.equal(wordsOf('See [two words](https://example.com/a), `some code` – and **bold**.'), 6)
})
