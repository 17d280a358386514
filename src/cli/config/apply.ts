import type { Command } from '../commander.js'
import { settingNames, settingRows, type SettingName } from './members.js'
import { readSettings, type Settings } from './settings.js'
import { taking } from './taking.js'

/** The settings of a command line that was read. */
export function settingsFor(command: Command): Settings {
  const { config: file } = command.optsWithGlobals<{ readonly config?: string }>()
  return readSettings({
    ...(file !== undefined && { file }),
    env: process.env,
    cwd: process.cwd(),
  })
}

/** Does something with the settings before the action of a command. */
export function withSettings(command: Command, use: (settings: Settings) => void): void {
  taking.add(command)
  command.hook('preAction', () => use(settingsFor(command)))
}

/** The option of a command that a setting fills. */
export const optionOf = (name: SettingName): string => settingRows[name].option ?? name

/** Lets the environment and files say what the flags of a command do not say. */
export function takesSettings(command: Command, names: readonly SettingName[]): Command {
  withSettings(command, (settings) => {
    for (const name of names) {
      const setting = isSaid(command, name) ? undefined : settings.get(name)
      if (setting && !setting.isOfAws)
        command.setOptionValueWithSource(optionOf(name), setting.value, 'config')
    }
  })
  return command
}

/** Whether a flag says it, or another member of its group. */
function isSaid(command: Command, name: SettingName): boolean {
  const { group } = settingRows[name]
  const names = settingNames.filter(
    (other) => other === name || (group !== undefined && settingRows[other].group === group),
  )
  return names.some((other) => command.getOptionValueSource(optionOf(other)) === 'cli')
}
