import { collect } from '../arguments/collect.js'
import { kmsFlags } from '../arguments/kms.js'
import { Command } from '../commander.js'
import { optionOf, settingsFor, takesSettings } from '../config/apply.js'
import { setsFolder } from '../config/kept-sets.js'
import { inWords, schemaText, settingNames, type SettingName } from '../config/members.js'
import type { Setting, Settings } from '../config/settings.js'
import { parseJobs } from '../arguments/jobs.js'
import type { Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop config
      Each setting that counts here, and where it was said: a flag, a variable or a file.
  $ sealdrop config --region eu-west-1 --json
      What would count beside this flag; a JSON line for each setting.
  $ sealdrop config --schema > sealdrop.schema.json
      The schema of the file, for editors.

Flags come first, then the environment, then a file: that of --config or SEALDROP_CONFIG, otherwise sealdrop/config.json
in the user's own folder. Last comes .sealdrop.json in the working folder, which may have jobs and json only.`

interface ConfigArguments {
  readonly json?: boolean
  readonly schema?: true
}

/** The command `sealdrop config`. */
export function configCommand(terminal: Terminal): Command {
  const command = new Command('config')
    .description('show which settings count, and where they were said')
    .option('--key-id <arn|alias>', 'as open takes it', collect(String))
    .option('--inventory <where>', 'as open takes it')
    .option('--jobs <number>', 'as open takes it', parseJobs)
    .option('--no-state', 'as seal and verify take it')
    .option('--json', 'a JSON line for each setting')
    .option('--schema', 'print the JSON Schema of the file')
  return takesSettings(kmsFlags(command), ['json'])
    .addHelpText('after', examples)
    .action(({ json, schema }: ConfigArguments) => {
      if (schema) return terminal.out(schemaText())
      const settings = settingsFor(command)
      const shown = settingNames.flatMap((name) => {
        const found = settingOf(command, settings, name)
        return found ? [{ member: name, ...found }] : []
      })
      for (const { member, value, source } of shown)
        terminal.out(
          json
            ? JSON.stringify({ member, value: plain(value), source })
            : `${member.padEnd(12)}${value === undefined ? '-' : inWords(value)}  (${source})`,
        )
    })
}

/** A setting with where it was said; undefined where nobody says it. */
function settingOf(
  command: Command,
  settings: Settings,
  name: SettingName,
): Pick<Setting, 'value' | 'source'> | undefined {
  const option = optionOf(name)
  if (command.getOptionValueSource(option) === 'cli') {
    const value: unknown = command.getOptionValue(option)
    return { value: value === false ? 'none' : value, source: 'flag' }
  }
  return name === 'state' ? setsFolder(settings) : settings.get(name)
}

const plain = (value: unknown): unknown =>
  value instanceof Map ? Object.fromEntries(value) : (value ?? null)
