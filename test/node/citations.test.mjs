// Comments and documents cite documents by name, and a section of them in quotation marks behind
// it. Each must be there: a citation of something that is not is worse than none.
import test from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { assert } from 'chai'

const root = new URL('../../', import.meta.url)
const read = (path) => readFileSync(new URL(path, root), 'utf8')
const find = (pattern) =>
  globSync(pattern, { cwd: root.pathname }).filter((path) => !path.includes('node_modules'))

const headingsOf = (text) =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)

/** Headings by the path of their document. */
const documents = Object.fromEntries(
  [...find('docs/**/*.md'), ...find('*.md')].map((path) => [path, headingsOf(read(path))]),
)

/**
 * Headings that are cited of AWS's own documents, by their path in the repository
 * awslabs/aws-encryption-sdk-specification. They are not ours to copy.
 */
const awsDocuments = {
  'framework/algorithm-suites.md': ['Supported Algorithm Suites'],
  'framework/aws-kms/aws-kms-rsa-keyring.md': [],
  'framework/raw-ecdh-keyring.md': ['Key Provider Information'],
}
const awsSays = 'AWS Encryption SDK specification, '

/** Tests whose controls name documents that are not there. */
const makesUp = /(?:citations|links)\.test\.mjs$/

/** Text whose comments are one line each, so that a citation may go over the end of a line. */
const unwrapped = (text) => text.replace(/\s*\n[ \t]*(?:\*(?!\/)|\/\/|#)?[ \t]*/g, ' ')

/** A path, and behind it quoted headings, the number of one, or an anchor. */
const citation =
  /(?<![\w/-])([\w/-]{1,100}\.md)\b(?:#([\w-]+)|(?: alone)?(?:,| \() ?((?:"[^"]+"(?:, | and )?)+)|, (\d+)\b)?/g

function citationsIn(text) {
  const line = unwrapped(text)
  return [...line.matchAll(citation)].map(
    ({ 0: cited, 1: path, 2: anchor, 3: quoted = '', 4: number, index }) => ({
      cited,
      path: path.replace(/^\//, ''),
      anchor,
      number,
      sections: [...quoted.matchAll(/"([^"]+)"/g)].map(([, section]) => section),
      ofAws: line.slice(0, index).endsWith(awsSays),
    }),
  )
}

/** As GitHub makes them. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const headingsFor = ({ path, ofAws }) => {
  if (ofAws) return awsDocuments[path]
  const found = Object.keys(documents).find((name) => name === path || name.endsWith(`/${path}`))
  return documents[found ?? '']
}

/** What of a text's citations is not there. */
function danglingIn(text) {
  return citationsIn(text).flatMap((one) => {
    const headings = headingsFor(one)
    if (!headings) return [`${one.cited}: there is no such document`]
    const { sections, number, anchor } = one
    const missing = sections.filter((section) => !headings.includes(section))
    if (number && !headings.some((heading) => heading.startsWith(`${number}. `)))
      missing.push(number)
    if (anchor && !headings.some((heading) => anchorOf(heading) === anchor)) missing.push(anchor)
    return missing.map((section) => `${one.cited}: there is no section ${section}`)
  })
}

const cited = [
  ...find('{src,test,demo,bench}/**/*.{ts,js,mjs,py,go,toml,html,css}'),
  ...Object.keys(documents),
].filter((path) => !makesUp.test(path))

test('every document and section that is cited is there', () => {
  const found = cited.map((path) => ({ path, text: read(path) }))
  assert.isAbove(found.flatMap(({ text }) => citationsIn(text)).length, 130)
  assert.deepEqual(
    found.flatMap(({ path, text }) => danglingIn(text).map((why) => `${path}: ${why}`)),
    [],
  )
})

test('the documents that the code cites most are cited with their sections', () => {
  const sections = cited.flatMap((path) =>
    citationsIn(read(path)).flatMap(({ path: name, sections: quoted }) =>
      quoted.map((section) => `${name}, ${section}`),
    ),
  )
  for (const section of [
    'design.md, Sealing a frame twice',
    'message-format.md, Data key for an ECC key-agreement KMS key', // goes over the end of a line
    'jose-profile.md, Large files',
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
    const dangling = danglingIn(text)
    assert.lengthOf(dangling, 1, text)
    assert.include(dangling[0], why)
  }
  const fine =
    '// design.md, "Trust"; kms-facts.md, "On the wire" (performance.md, 4) [x](trust.md#signedby)'
  assert.deepEqual(danglingIn(fine), [])
  assert.lengthOf(citationsIn(fine), 4)
})
