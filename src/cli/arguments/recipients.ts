import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'

/** One `-r` or `-k` with the flags behind it, which say why it is believed. */
export interface KeyArgument {
  /** A URL, or the path of a file. */
  readonly source: string
  readonly roots: string[]
  readonly pins: string[]
  name?: string
  issuer?: string
  arn?: string
  isTrustedByHttps?: true
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
 * @returns the keys, filled while the command line is read
 */
export function keyFlags(
  command: Command,
  flag: { readonly flags: string; readonly description: string },
): readonly KeyArgument[] {
  const [short = ''] = flag.flags.split(/[ ,]/)
  const keys: KeyArgument[] = []
  const last = (named: string): KeyArgument => {
    const found = keys.at(-1)
    if (!found) throw new UsageError(`${named}: expected behind the ${short} that it is about`)
    return found
  }
  command.option(flag.flags, flag.description, (source: string) => {
    if (keys.some((key) => key.source === source))
      throw new UsageError(`${short} ${source}: given twice`)
    keys.push({ source, roots: [], pins: [] })
    return keys
  })
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
  return keys
}
