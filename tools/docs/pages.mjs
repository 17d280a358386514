// Which Markdown files become pages of the site, where, and in which order.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'

/**
 * The parts of the site. Pages stand in this order, and what a folder has besides comes after them.
 * A part that is there must have every page that is named.
 */
const parts = [
  {
    text: 'Guides',
    from: 'docs/guides',
    to: 'guides',
    order: [
      'first-value',
      'files',
      'uploads',
      's3-uploads',
      'upload-pages',
      'uppy',
      'drop-links',
      'forms',
      'drop',
      'tus',
      'command-line',
      'capacity',
      'receipts-and-signatures',
      'partners',
      'age',
      'keys-over-the-years',
      'archive',
      'trust',
      'policies',
      'stores',
      'scale',
      'errors',
      'testing',
      'workers',
      'script-tag',
      'comparison',
    ],
  },
  {
    text: 'Partners',
    from: 'docs/guides/partners',
    to: 'partners',
    order: ['python', 'java', 'go', 'others'],
  },
  {
    text: 'Operations',
    from: 'docs',
    to: 'operations',
    order: ['runbook', 'local-kms', 'command-line-session', 'command-line-reference', 'algorithms'],
  },
  {
    text: 'Design',
    from: 'docs/design',
    to: 'design',
    order: ['design', 'decisions', 'jose-profile', 'kms-facts', 'performance'],
  },
  {
    text: 'Formats',
    from: 'docs/formats',
    to: 'formats',
    order: [
      'README',
      'value',
      'message-format',
      'key-set',
      'history',
      'receipt',
      'file-signature',
      'upload',
    ],
  },
  {
    text: 'API report',
    from: 'docs/api-report',
    to: 'api-report',
    order: [
      'sealdrop',
      'serve',
      'fs',
      'ml-dsa',
      'digests',
      'jose',
      'upload',
      'forms',
      'drop',
      'uppy',
      'tus',
      'kms',
      'age',
      's3',
      'local-kms',
    ],
  },
  {
    text: 'Project',
    from: '.',
    to: 'project',
    order: ['README', 'CHANGELOG', 'SECURITY', 'CONTRIBUTING'],
  },
  { text: 'Examples', from: 'examples', to: 'examples', order: ['README'] },
]

/** The first heading of a page, without marks. */
function titleOf(path, text) {
  const [, title] = /^# (.+)$/m.exec(text) ?? []
  if (!title) throw new Error(`${path} has no heading to stand in the navigation`)
  return title.replaceAll(/[`*]/g, '')
}

/** The pages of one part. */
function pagesOf(root, { text, from, to, order }) {
  const found = readdirSync(join(root, from))
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .toSorted()
  const missing = order.filter((name) => !found.includes(name))
  if (missing.length > 0)
    throw new Error(
      `${from}/ has no ${missing.join('.md, no ')}.md, which tools/docs/pages.mjs names`,
    )
  const names = [...order, ...found.filter((name) => !order.includes(name))]
  const pages = names.map((name) => {
    const path = posix.join(from, `${name}.md`)
    const content = readFileSync(join(root, path), 'utf8')
    return {
      from: path,
      to: `${to}/${name.toLowerCase()}.md`,
      title: titleOf(path, content),
      content,
    }
  })
  return { text, pages }
}

/**
 * The parts of the site with their pages. A folder that is not there makes no part.
 *
 * @param {string} root the folder of the repository
 */
export const sitePages = (root) =>
  parts.filter(({ from }) => existsSync(join(root, from))).map((part) => pagesOf(root, part))
