import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** A folder of the user's own, which a variable may name. */
const own = (env: Env, name: string, otherwise: readonly string[]): string => {
  const named = env[name] ?? ''
  // a relative one is to be passed over (XDG Base Directory Specification)
  return isAbsolute(named) ? named : join(homedir(), ...otherwise)
}

const isWindows = process.platform === 'win32'

/** The user's own file of configuration. */
export const ownConfigPath = (env: Env): string =>
  join(
    isWindows
      ? own(env, 'APPDATA', ['AppData', 'Roaming'])
      : own(env, 'XDG_CONFIG_HOME', ['.config']),
    'sealdrop',
    'config.json',
  )

/** Where signed sets are kept that were seen. */
export const ownSetsPath = (env: Env): string =>
  join(
    isWindows
      ? own(env, 'LOCALAPPDATA', ['AppData', 'Local'])
      : own(env, 'XDG_STATE_HOME', ['.local', 'state']),
    'sealdrop',
    'sets',
  )
