// Each document and each section that a comment or a document cites must be there: a citation of
// something that is not is worse than none.
import test from 'node:test'
import { assert } from 'chai'
import {
  citationsIn,
  citingFiles,
  danglingCitations,
  danglingIn,
  headingsIn,
} from '../../tools/report/citations.mjs'

const root = new URL('../../', import.meta.url).pathname
const awsSays = 'AWS Encryption SDK specification, '

const documents = headingsIn(root)
const cited = citingFiles(root).flatMap(({ text }) => citationsIn(text))

test('every document and section that is cited is there', () => {
  assert.isAbove(cited.length, 130)
  assert.deepEqual(danglingCitations(root), [])
})

test('the documents that the code cites most are cited with their sections', () => {
  const sections = cited.flatMap(({ path, sections: quoted }) =>
    quoted.map((section) => `${path}, ${section}`),
  )
  for (const section of [
    'design.md, Sealing a frame twice',
    'message-format.md, Data key for an ECC key-agreement KMS key', // goes over the end of a line
    'file-signature.md, Chunk digest',
    'framework/algorithm-suites.md, Supported Algorithm Suites',
  ])
    assert.include(sections, section)
})

test('a citation of what is not there is caught', () => {
  const rows = [
    ['// (no-such-page.md, "Trust")', 'no such document'],
    [' * @see design.md, "Trust" and\n *   "No such section"', 'no section No such section'],
    ['/** jose-profile.md alone ("Small files") */', 'no section Small files'],
    ['// performance.md, 99', 'no section 99'],
    ['[rotation](runbook.md#no-such-anchor)', 'no section no-such-anchor'],
    ['// framework/raw-ecdh-keyring.md', 'no such document'], // nobody says that it is AWS's
    [`// ${awsSays}framework/no-such-keyring.md`, 'no such document'],
    [`// ${awsSays}framework/raw-ecdh-keyring.md, "Invented"`, 'no section Invented'],
  ]
  for (const [text, why] of rows) {
    const dangling = danglingIn(text, documents)
    assert.lengthOf(dangling, 1, text)
    assert.include(dangling[0], why)
  }
  const fine =
    '// design.md, "Trust"; kms-facts.md, "On the wire" (performance.md, 4) [x](trust.md#signedby)'
  assert.deepEqual(danglingIn(fine, documents), [])
  assert.lengthOf(citationsIn(fine), 4)
})
