// The one file has the version inside: its build puts another module in the place of this one.
import { readFileSync } from 'node:fs'

/** The version of the package. */
export function packageVersion(): string {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { readonly version: string }
  return version
}
