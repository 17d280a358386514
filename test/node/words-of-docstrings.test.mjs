// CONTRIBUTING.md, "Words": the docstring of every public verb begins with a whole sentence of at
// most 25 words.
import test from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { assert } from 'chai'
import { verbsOf } from '../../tools/report/examples.mjs'
import { sentencesOf, wordsOf } from '../support/prose.mjs'

const root = new URL('../../', import.meta.url)
const files = globSync('src/**/*.ts', { cwd: root.pathname }).map((path) => ({
  path,
  text: readFileSync(new URL(path, root), 'utf8'),
}))

/** The first sentence of a docstring. A list, a tag and an empty line each end its paragraph. */
function firstSentenceOf(doc) {
  const text = doc.replace(/^\s*\* ?/gm, '').trim()
  const [paragraph] = text.split(/\n\s*\n|\n(?=@|- )/)
  return sentencesOf(paragraph.replace(/\s+/g, ' '))[0]
}

const isWhole = (sentence) => /^[A-Z`].*[.?!:]$/.test(sentence) && wordsOf(sentence) <= 25

test('the docstring of every public verb begins with a whole sentence of at most 25 words', () => {
  const verbs = verbsOf(files)
  assert.isAtLeast(verbs.length, 51)
  assert.deepEqual(
    verbs.map(({ name, doc }) => [name, firstSentenceOf(doc)]).filter(([, said]) => !isWhole(said)),
    [],
  )
})

test('a docstring that is missing, clipped or too long is caught', () => {
  const long = Array.from({ length: 26 }, () => 'word').join(' ')
  const rows = [
    '',
    '* Seals a value',
    `* ${long}.`,
    '*\n * - a list comes first.',
    '* @see RFC 7516',
  ]
  for (const doc of rows) assert.isFalse(isWhole(firstSentenceOf(doc)), doc)
  const fine = '\n * Seals a value so that\n * only its holder reads it. More.\n *\n * - a fact\n'
  assert.equal(firstSentenceOf(fine), 'Seals a value so that only its holder reads it.')
})
