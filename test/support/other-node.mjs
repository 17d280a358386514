import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The oldest Node that the library promises, where the machine has one beside the Node of npm
 * scripts.
 */
export function otherNode() {
  const version = (path) => {
    try {
      return execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
    } catch {
      return undefined
    }
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    const found = existsSync(path) ? version(path) : undefined
    if (found && /^v2[0-3]\./.test(found)) return { path, version: found }
  }
  return undefined
}
