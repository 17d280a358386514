// Links between Markdown files, and which of them lead nowhere.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { anchorOf } from '../../tools/docs/site/anchors.mjs'

/** Code is not text: what looks like a link or a heading there is none. */
const fenced = /^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1[^\n]*$/gm
const inCode = /(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g
const links =
  /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s+(\S+)|\b(?:href|src)="([^"]+)"/gm

/** A link that leads out of the repository. */
const outside = /^(?:[a-z][a-z+.-]*:|\/\/)/i

/** Every target that a Markdown text links to. */
export function targetsOf(text) {
  const prose = text.replaceAll(fenced, '').replaceAll(inCode, '')
  return [...prose.matchAll(links)].map(([, plain, defined, html]) => plain ?? defined ?? html)
}

/** Every anchor of a Markdown text. A heading that comes again gets a number, as on GitHub. */
export function anchorsOf(text) {
  const prose = text.replaceAll(fenced, '')
  const seen = new Map()
  const headings = [...prose.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)].map(([, heading]) => {
    const words = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')
    const anchor = anchorOf(words)
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times === 0 ? anchor : `${anchor}-${times}`
  })
  const named = [...prose.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name]) => name)
  return new Set([...headings, ...named])
}

/**
 * The links of Markdown files that lead to no file or to no heading.
 *
 * @param {string} root the folder of the repository; what is outside of it is not there
 * @param {string[]} paths
 * @returns {{ seen: number, dangling: string[] }} how many links were looked at, and what is wrong
 */
export function danglingLinks(root, paths) {
  let seen = 0
  const dangling = []
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8')
    for (const target of targetsOf(text)) {
      if (outside.test(target)) continue
      seen++
      const [file, anchor] = target.split('#').map(decodeURIComponent)
      const to = file ? join(root, dirname(path), file) : join(root, path)
      if (!isThere(root, to, anchor)) dangling.push(`${path}: ${target}`)
    }
  }
  return { seen, dangling }
}

/** Whether a file is there, inside the repository, with the heading that a link names. */
function isThere(root, to, anchor) {
  if (relative(root, to).startsWith('..') || !existsSync(to)) return false
  if (anchor === undefined) return true
  if (statSync(to).isDirectory() || !to.endsWith('.md')) return false
  return anchorsOf(readFileSync(to, 'utf8')).has(anchor)
}
