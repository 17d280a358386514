import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The folder of the user; undefined where there is none.
 *
 * An empty or relative HOME would make the working folder of it, which may be anybody's.
 */
function home(): string | undefined {
  try {
    const found = homedir()
    return isAbsolute(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** A file or folder of the user's own, below what a variable names or below their folder. */
function own(
  env: Env,
  name: string,
  otherwise: readonly string[],
  ...below: readonly string[]
): string | undefined {
  const named = env[name] ?? ''
  // a relative one is to be passed over (XDG Base Directory Specification)
  if (isAbsolute(named)) return join(named, ...below)
  const folder = home()
  return folder === undefined ? undefined : join(folder, ...otherwise, ...below)
}

const isWindows = process.platform === 'win32'
const config = ['sealdrop', 'config.json']

/** The user's own file of configuration; undefined where they have no folder. */
export const ownConfigPath = (env: Env): string | undefined =>
  isWindows
    ? own(env, 'APPDATA', ['AppData', 'Roaming'], ...config)
    : own(env, 'XDG_CONFIG_HOME', ['.config'], ...config)

/** A folder for what outlives a command; undefined where the user has no folder. */
export const ownStatePath = (env: Env, name: string): string | undefined =>
  isWindows
    ? own(env, 'LOCALAPPDATA', ['AppData', 'Local'], 'sealdrop', name)
    : own(env, 'XDG_STATE_HOME', ['.local', 'state'], 'sealdrop', name)
