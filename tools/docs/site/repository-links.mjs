// Links of the repository's Markdown files, as links of the site.
import { posix } from 'node:path'

/** Links that name a place outside of the repository, or on the same page. */
const elsewhere = /^(?:[a-z][a-z+.-]*:|#|\/)/i

/** Changes the attribute of a token. */
const change = (token, name, to) => token.attrSet(name, to(token.attrGet(name) ?? ''))

/**
 * Takes away a link to a file of the repository that is not a page, and leaves its words. Links do
 * not stand in links, so the next end is its own.
 */
function unlink(tokens, index) {
  const end = tokens.findIndex(({ type }, at) => at > index && type === 'link_close')
  for (const at of [index, end]) {
    tokens[at].type = 'text'
    tokens[at].tag = ''
    tokens[at].nesting = 0
    tokens[at].content = ''
  }
}

/**
 * A plugin of markdown-it.
 *
 * @param {ReadonlyMap<string, { to: string, title: string }>} pages by the path in the repository
 */
export function repositoryLinks(pages) {
  const sources = new Map([...pages].map(([from, { to }]) => [to, from]))

  function link(tokens, index, from) {
    const href = tokens[index].attrGet('href') ?? ''
    if (elsewhere.test(href)) return
    const [path, anchor] = href.split('#')
    const page = pages.get(posix.join(posix.dirname(from), path))
    if (!page) return unlink(tokens, index)
    tokens[index].attrSet('href', `/${page.to}${anchor ? `#${anchor}` : ''}`)
    const words = tokens[index + 1]
    if (words.content === posix.basename(path)) words.content = page.title
  }

  /** Pictures stand in one folder of the site, which the build fills. */
  function image(token) {
    change(token, 'src', (src) => (elsewhere.test(src) ? src : `/pictures/${posix.basename(src)}`))
  }

  return (md) =>
    md.core.ruler.push('repository-links', ({ tokens: blocks, env }) => {
      const from = sources.get(env.relativePath)
      if (!from) return
      for (const { children } of blocks) {
        for (const [index, token] of (children ?? []).entries()) {
          if (token.type === 'link_open') link(children, index, from)
          if (token.type === 'image') image(token)
        }
      }
    })
}
