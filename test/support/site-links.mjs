// Links of a built site, and what it would load from elsewhere.
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

const attributes = /<(\w+)\b[^>]*?\s(href|src)="([^"]*)"/g
const ids = /\sid="([^"]+)"/g
const loads = /url\(\s*["']?((?:https?:)?\/\/[^"')]+)|@import\s+["']?((?:https?:)?\/\/[^"';]+)/g
const absolute = /^(?:[a-z][a-z+.-]*:|\/\/)/i

const decode = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"')

/** Every link and every source of a page. */
const referencesOf = (html) =>
  [...html.matchAll(attributes)].map(([, tag, name, target]) => ({
    tag,
    name,
    target: decode(target),
  }))

/**
 * The references of a site that lead nowhere, or load something from another host. A link in the
 * text to another host is fine, and a style sheet is not.
 *
 * @param {string} folder
 */
export function siteProblems(folder) {
  const files = globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(folder, posix.join(entry.parentPath, entry.name)))
  const there = new Set(files)
  const pages = new Map(
    files
      .filter((file) => file.endsWith('.html'))
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  )
  const anchors = new Map(
    [...pages].map(([file, html]) => [file, new Set([...html.matchAll(ids)].map(([, id]) => id))]),
  )
  const problems = {
    seen: 0,
    dangling: /** @type {string[]} */ ([]),
    foreign: /** @type {string[]} */ ([]),
  }
  for (const [file, html] of pages) {
    for (const { tag, target } of referencesOf(html)) {
      problems.seen++
      const problem = `${file}: ${target}`
      if (target.startsWith('data:')) continue
      if (absolute.test(target)) {
        if (tag !== 'a') problems.foreign.push(problem)
      } else if (!leads({ there, anchors }, file, target)) problems.dangling.push(problem)
    }
  }
  for (const file of files.filter((name) => name.endsWith('.css'))) {
    const css = readFileSync(join(folder, file), 'utf8')
    for (const [, url, sheet] of css.matchAll(loads))
      problems.foreign.push(`${file}: ${url ?? sheet}`)
  }
  return problems
}

/** Whether a reference of a page leads to a file of the site, and to a place that it names. */
function leads({ there, anchors }, from, target) {
  const { pathname, hash } = new URL(target, `https://site.example/${from}`)
  const path = decodeURIComponent(pathname).slice(1)
  const file = path === '' || path.endsWith('/') ? `${path}index.html` : path
  if (!there.has(file)) return false
  return hash === '' || Boolean(anchors.get(file)?.has(decodeURIComponent(hash.slice(1))))
}
