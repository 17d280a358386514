// The site's configuration. The build puts this folder where VitePress looks for it.
import { readFileSync } from 'node:fs'
import { anchorOf } from './anchors.mjs'
import { repositoryLinks } from './repository-links.mjs'

/** What tools/docs/build.mjs found: pages, navigation, and where the site goes. */
const found = JSON.parse(readFileSync(new URL('found.json', import.meta.url), 'utf8'))

export default {
  title: 'Sealdrop',
  description: 'Seal it anywhere. Only your AWS KMS key opens it.',
  lang: 'en',
  outDir: found.outDir,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  markdown: {
    anchor: { slugify: anchorOf },
    config: (md) => md.use(repositoryLinks(new Map(found.pages))),
  },
  themeConfig: {
    logo: '/icon.svg',
    nav: found.nav,
    sidebar: found.sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    footer: { message: 'Apache-2.0. Pages, search and fonts come from this site only.' },
  },
}
