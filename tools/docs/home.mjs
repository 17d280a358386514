// The site's first page takes its code from README.md, where the tests run it.

const fence = /^```(\w+)\n([\s\S]*?)^```$/gm
const label = /^## (.+)$|^\*\*(.+?)\*\*/gm

/**
 * The first three programs of the README as tabs. Each is named after the heading or the bold words
 * above it.
 *
 * @param {string} readme
 */
export function firstPrograms(readme) {
  const programs = [...readme.matchAll(fence)]
    .filter(([, language]) => language === 'js' || language === 'html')
    .slice(0, 3)
  const tabs = programs.map(({ 1: language, 2: code, index }) => {
    const [, heading, bold] = [...readme.slice(0, index).matchAll(label)].at(-1) ?? []
    const name = heading ?? bold
    if (!name) throw new Error('README.md: a program has no heading and no bold words above it')
    return `\`\`\`${language} [${name}]\n${code}\`\`\``
  })
  if (tabs.length < 3) throw new Error('README.md: fewer than three programs')
  return `::: code-group\n\n${tabs.join('\n\n')}\n\n:::`
}
