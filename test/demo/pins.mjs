import { present } from '../support/types.mjs'

/** The thumbprints that the demo writes into its page. */
export async function pinsOf({ url }) {
  const html = await (await fetch(url)).text()
  const [, content] = present(/name="sealdrop-pins" content="([^"]+)"/.exec(html))
  return JSON.parse(content.replaceAll('&#34;', '"'))
}
