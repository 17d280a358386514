import { join } from 'node:path'
import { shown } from '../../errors/guard.js'
import { UsageError } from '../exit-codes.js'
import { readFolderFile, readOwnFile, type ConfigFile } from './config-file.js'
import { ownConfigPath } from './folders.js'
import { settingNames, settingRows, type NamedRecipient, type SettingName } from './members.js'
import { meant } from './nearest.js'

/** A setting that counts, and where it was said. */
export interface Setting {
  readonly value: unknown
  /** The name of an environment variable, or the path of a file. */
  readonly source: string
  /** AWS's client reads this variable itself. */
  readonly isOfAws?: true
}

/** Settings of the environment and of files. Flags come before them. */
export interface Settings {
  readonly get: (name: SettingName) => Setting | undefined
  /** A recipient by its name. @throws UsageError where there is none */
  readonly recipient: (name: string) => NamedRecipient & { readonly source: string }
}

/** What the settings are read from. */
export interface SettingsFrom {
  /** The file that `--config` names. */
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** Reads what counts where no flag says it. @throws UsageError, SealdropError `source_failed` */
export function readSettings(from: SettingsFrom): Settings {
  const files = filesOf(from)
  const found = new Map(
    settingNames.flatMap((name) => {
      const setting = fromEnv(name, from) ?? fromFiles(name, files)
      return setting ? [[name, setting] as const] : []
    }),
  )
  const get = (name: SettingName): Setting | undefined =>
    isOutdone(name, found, files) ? undefined : found.get(name)
  return { get, recipient: (name) => recipientOf(name, get('recipients')) }
}

/** A file that is named replaces the user's own. */
function filesOf({ file, env, cwd }: SettingsFrom): readonly ConfigFile[] {
  const named = file ?? (env['SEALDROP_CONFIG'] || undefined)
  const path = named ?? ownConfigPath(env)
  const own = path === undefined ? undefined : readOwnFile(path, named === undefined)
  const folder = readFolderFile(join(cwd, '.sealdrop.json'))
  return [own, folder].filter((found) => found !== undefined)
}

function fromEnv(name: SettingName, { env, cwd }: SettingsFrom): Setting | undefined {
  const { shape, env: variable = '', aws = [] } = settingRows[name]
  const own = env[variable]
  if (own) {
    const value = shape.read(shape.ofText(own), { source: variable, folder: cwd })
    return { value, source: variable }
  }
  const source = aws.find((one) => env[one])
  if (source === undefined) return undefined
  // what else stands in the environment is none of ours to show
  const value = source === aws[0] || source.includes('ENDPOINT') ? env[source] : undefined
  return { value, source, isOfAws: true }
}

function fromFiles(name: SettingName, files: readonly ConfigFile[]): Setting | undefined {
  const file = files.find(({ values }) => Object.hasOwn(values, name))
  return file && { value: file.values[name], source: file.path }
}

/** Whether another member of its group was said nearer to the command line. */
function isOutdone(
  name: SettingName,
  found: ReadonlyMap<SettingName, Setting>,
  files: readonly ConfigFile[],
): boolean {
  const { group } = settingRows[name]
  const own = found.get(name)
  if (group === undefined || own === undefined) return false
  const rankOf = ({ source }: Setting): number => files.findIndex(({ path }) => path === source)
  return settingNames.some((other) => {
    const setting = found.get(other)
    if (other === name || settingRows[other].group !== group || !setting) return false
    if (rankOf(setting) === rankOf(own))
      throw new UsageError(`${setting.source}: ${other} and ${name} exclude each other`)
    return rankOf(setting) < rankOf(own)
  })
}

function recipientOf(
  name: string,
  setting: Setting | undefined,
): NamedRecipient & { readonly source: string } {
  const all = (setting?.value ?? new Map()) as ReadonlyMap<string, NamedRecipient>
  const found = all.get(name)
  if (found) return { ...found, source: setting?.source ?? '' }
  const where = setting ? setting.source : 'the configuration'
  throw new UsageError(
    `@${name}: ${where} names no recipient ${shown(name)}; ${meant(name, [...all.keys()])}; ` +
      `./@${name} is a file of that name`,
  )
}
