// The site's navigation, from the pages that there are.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Folders of the reference and what stands above their names, in this order.
 *
 * @type {[folder: string, text: string][]}
 */
const kinds = [
  ['functions', 'Functions'],
  ['classes', 'Classes'],
  ['interfaces', 'Interfaces'],
  ['type-aliases', 'Types'],
  ['variables', 'Constants'],
]

/** The path of a page as a link of the site. */
const linkTo = (page) => `/${page}`

/** The names of one kind behind a door. */
function namesOf(folder, at, [kind, text]) {
  const items = readdirSync(join(folder, kind))
    .toSorted()
    .map((file) => ({ text: file.slice(0, -'.md'.length), link: linkTo(`${at}/${kind}/${file}`) }))
  return { text, items }
}

/** One door of the reference. A kind of names that no row knows is an error. */
function doorItems(reference, { name }) {
  const folder = join(reference, name)
  const at = `reference/${name}`
  const there = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  const items = kinds
    .filter(([kind]) => there.includes(kind))
    .map((kind) => namesOf(folder, at, kind))
  return { text: name, link: linkTo(`${at}/index.md`), collapsed: true, items }
}

/**
 * The bar at the top and the lists at the side.
 *
 * @param {{ text: string, pages: { to: string, title: string }[] }[]} parts
 * @param {{ name: string }[]} doors
 * @param {string} reference the folder of the generated pages
 */
export function navigation(parts, doors, reference) {
  const groups = parts.map(({ text, pages }) => ({
    text,
    items: pages.map(({ title, to }) => ({ text: title, link: linkTo(to) })),
  }))
  const isReport = ({ text }) => text === 'API report'
  const start = { text: 'Reference', link: '/reference/' }
  const tops = groups
    .filter((group) => !isReport(group))
    .map(({ text, items }) => ({ text, link: items[0].link }))
  const side = [
    { text: 'API reference', items: doors.map((door) => doorItems(reference, door)) },
    ...groups.filter(isReport).map((group) => ({ ...group, collapsed: true })),
  ]
  return {
    nav: [tops[0], start, ...tops.slice(1)],
    sidebar: {
      '/reference/': side,
      '/api-report/': side,
      '/': groups.filter((group) => !isReport(group)),
    },
  }
}
