// Finds citations of what is not there. Comments and documents cite documents by name, and a
// section of them in quotation marks behind it.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Headings that are cited of AWS's own documents, by their path in the repository
 * awslabs/aws-encryption-sdk-specification. They are not ours to copy.
 */
const awsDocuments = {
  'framework/algorithm-suites.md': ['Supported Algorithm Suites'],
  'framework/aws-kms/aws-kms-ecdh-keyring.md': [],
  'framework/aws-kms/aws-kms-keyring.md': [],
  'framework/aws-kms/aws-kms-rsa-keyring.md': [],
  'framework/raw-ecdh-keyring.md': ['Key Provider Information'],
}
const awsSays = 'AWS Encryption SDK specification, '

/** Tests whose controls name documents that do not exist. */
const makesUp = /(?:citations|links)\.test\.mjs$/

/** A path, and behind it quoted headings, the number of one, or an anchor. */
const citation =
  /(?<![\w/-])([\w/-]{1,100}\.md)\b(?:#([\w-]+)|(?: alone)?(?:,| \() ?((?:"[^"]+"(?:, | and )?)+)|, (\d+)\b)?/g

/** Files of a tree that match a pattern, each with its text. */
const filesOf = (tree, ...patterns) =>
  globSync(patterns, { cwd: tree })
    .filter((path) => !path.includes('node_modules'))
    .map((path) => ({ path, text: readFileSync(join(tree, path), 'utf8') }))

const documentsOf = (tree) => filesOf(tree, 'docs/**/*.md', 'examples/*.md', '*.md')

/** Every file of a tree whose citations count. */
export const citingFiles = (tree) =>
  [
    ...filesOf(tree, '{src,test,demo,bench}/**/*.{ts,js,mjs,py,go,toml,html,css}'),
    ...documentsOf(tree),
  ].filter(({ path }) => !makesUp.test(path))

/** The headings of each document of a tree, by its path. */
export const headingsIn = (tree) =>
  Object.fromEntries(documentsOf(tree).map(({ path, text }) => [path, headingsOf(text)]))

const headingsOf = (text) =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)

/** Text whose comments are one line each, so that a citation may go over the end of a line. */
const unwrapped = (text) => text.replace(/\s*\n[ \t]*(?:\*(?!\/)|\/\/|#)?[ \t]*/g, ' ')

export function citationsIn(text) {
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

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function headingsFor({ path, ofAws }, documents) {
  if (ofAws) return awsDocuments[path]
  const found = Object.keys(documents).find((name) => name === path || name.endsWith(`/${path}`))
  return documents[found ?? '']
}

/** The citations of a text that are not among the headings of `documents`. */
export function danglingIn(text, documents) {
  return citationsIn(text).flatMap((one) => {
    const headings = headingsFor(one, documents)
    if (!headings) return [`${one.cited}: there is no such document`]
    const { sections, number, anchor } = one
    const missing = sections.filter((section) => !headings.includes(section))
    if (number && !headings.some((heading) => heading.startsWith(`${number}. `)))
      missing.push(number)
    if (anchor && !headings.some((heading) => anchorOf(heading) === anchor)) missing.push(anchor)
    return missing.map((section) => `${one.cited}: there is no section ${section}`)
  })
}

/** Every citation in a tree of what is not there, with the file that has it. */
export function danglingCitations(tree) {
  const documents = headingsIn(tree)
  return citingFiles(tree).flatMap(({ path, text }) =>
    danglingIn(text, documents).map((why) => `${path}: ${why}`),
  )
}
