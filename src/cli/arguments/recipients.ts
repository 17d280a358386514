import type { Command } from '../commander.js'
import { withSettings } from '../config/apply.js'
import type { Settings } from '../config/settings.js'
import { UsageError } from '../exit-codes.js'

/** One `-r` or `-k` with the flags behind it, which say why it is believed. */
export interface KeyArgument {
  /** A URL, the path of a file, or `@name` of the configuration. */
  readonly source: string
  readonly roots: string[]
  readonly pins: string[]
  name?: string
  issuer?: string
  arn?: string
  isTrustedByHttps?: true
  /** What else was configured, and whether signed sets are remembered. */
  settings?: Settings
  isForgetful?: true
  /** What its file holds, once it was read: a pipe can be read once. */
  bytes?: Promise<Uint8Array<ArrayBuffer>>
}

type Setting = (of: KeyArgument, value: string) => void

/** A flag that may be given once behind a key. */
const once =
  (flag: string, member: 'name' | 'issuer' | 'arn'): Setting =>
  (of, value) => {
    if (of[member] !== undefined) throw new UsageError(`${flag}: given twice for ${of.source}`)
    of[member] = value
  }

interface TrustFlag {
  readonly flags: string
  readonly description: string
  readonly set: Setting
}

const trustFlags: readonly TrustFlag[] = [
  {
    flags: '--root <file>',
    description: 'a root that must have signed the set: a file of public JWKs; again for several',
    set: ({ roots }, value) => void roots.push(value),
  },
  {
    flags: '--set-name <name>',
    description: "the set's name, where its root signs several; default: default",
    set: once('--set-name', 'name'),
  },
  {
    flags: '--issuer <issuer>',
    description: 'who must have issued the set; default: whoever',
    set: once('--issuer', 'issuer'),
  },
  {
    flags: '--pin <thumbprint>',
    description: 'the thumbprint of a key that is believed; again for several',
    set: ({ pins }, value) => void pins.push(value),
  },
  {
    flags: '--arn <arn>',
    description: 'the ARN of an RSA key, which a sealed file must name',
    set: once('--arn', 'arn'),
  },
]

const httpsFlag = '--trust-https'

/**
 * Adds a flag for keys, and the flags that say why each is believed.
 *
 * Those bind to the key before them, so that one command may seal to keys of several companies.
 *
 * @param alone - what flags are about that stand before every key. Default: they are refused
 * @returns the keys, filled while the command line is read
 */
export function keyFlags(
  command: Command,
  flag: { readonly flags: string; readonly description: string },
  alone?: KeyArgument,
): readonly KeyArgument[] {
  const [short = ''] = flag.flags.split(/[ ,]/)
  const keys: KeyArgument[] = []
  command.option(flag.flags, flag.description, (source: string) => {
    if (keys.some((key) => key.source === source))
      throw new UsageError(`${short} ${source}: given twice`)
    keys.push({ source, roots: [], pins: [] })
    return keys
  })
  addTrustFlags(command, (named) => {
    const found = keys.at(-1) ?? alone
    if (!found) throw new UsageError(`${named}: expected behind the ${short} that it is about`)
    return found
  })
  remembering(command, keys)
  return keys
}

/**
 * Adds the flags of trust to a command that takes one key set at most, as an argument.
 *
 * They may stand before it too.
 *
 * @returns what makes the key argument, once the command line was read
 */
export function loneTrustFlags(command: Command): (source: string) => KeyArgument {
  const given: KeyArgument = { source: 'the key set', roots: [], pins: [] }
  addTrustFlags(command, () => given)
  remembering(command, [given])
  return (source) => ({ ...given, source })
}

/** @param last - the key that a flag is about, once it is given */
function addTrustFlags(command: Command, last: (flag: string) => KeyArgument): void {
  for (const { flags, description, set } of trustFlags) {
    const [long = ''] = flags.split(' ')
    command.option(flags, description, (value: string) => {
      set(last(long), value)
      return true
    })
  }
  command.option(httpsFlag, 'believe whoever serves the URL over https')
  command.on(`option:${httpsFlag.slice(2)}`, () => {
    last(httpsFlag).isTrustedByHttps = true
  })
}

/** Says of keys which settings count for them, and whether signed sets are remembered. */
function remembering(command: Command, keys: readonly KeyArgument[]): void {
  command.option('--no-state', 'do not remember signed sets, nor look at those that were seen')
  withSettings(command, (settings) => {
    const { state } = command.opts<{ readonly state?: boolean }>()
    for (const key of keys)
      Object.assign(key, { settings, ...(state === false && { isForgetful: true }) })
  })
}
