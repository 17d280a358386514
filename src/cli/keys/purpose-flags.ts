import type { Purpose } from '../../doors/kms.js'
import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'

/** A purpose while the flags behind it are read. */
interface PurposeArgument {
  readonly name: string
  readonly spec: string
  readonly usage: string
  alias?: string
  alg?: string
  keepDays?: number
  age?: boolean
  readonly replicas: string[]
}

/** Reads `claims=RSA_3072:ENCRYPT_DECRYPT`. Which spec and usage there are is checked with the rest. */
function purposeOf(text: string): PurposeArgument {
  const [, name, spec, usage] = /^([^=]+)=([^:]+):(.+)$/.exec(text) ?? []
  if (name === undefined || spec === undefined || usage === undefined)
    throw new UsageError(
      `--purpose ${text}: expected NAME=SPEC:USAGE, such as claims=ECC_NIST_P256:KEY_AGREEMENT`,
    )
  return { name, spec, usage, replicas: [] }
}

function daysOf(text: string): number {
  if (!/^\d{1,5}$/.test(text))
    throw new UsageError(`--keep-days ${text}: expected a number of days`)
  return Number(text)
}

interface PurposeFlag {
  readonly flags: string
  readonly description: string
  readonly set: (of: PurposeArgument, value: string) => void
}

const flagsBehind: readonly PurposeFlag[] = [
  {
    flags: '--alias <alias>',
    description: 'alias of that purpose, or its ARN; default: alias/NAME',
    set: once('--alias', 'alias', String),
  },
  {
    flags: '--alg <alg>',
    description: 'the JOSE name of what an RSA key of it signs; default: PS256',
    set: once('--alg', 'alg', String),
  },
  {
    flags: '--replica <region>',
    description: 'a Region in which its keys have a replica; again for several',
    set: ({ replicas }, value) => void replicas.push(value),
  },
  {
    flags: '--keep-days <number>',
    description: 'for how long its retired keys stay published, if they sign; default: 1826',
    set: once('--keep-days', 'keepDays', daysOf),
  },
  {
    flags: '--age',
    description: 'its keys open age files, and stand in age.txt; they are on P-256',
    set: once('--age', 'age', () => true),
  },
]

/** A flag that may be given once behind a purpose. */
function once<Member extends 'alias' | 'alg' | 'keepDays' | 'age'>(
  flag: string,
  member: Member,
  parse: (text: string) => NonNullable<PurposeArgument[Member]>,
): PurposeFlag['set'] {
  return (of, value) => {
    if (of[member] !== undefined) throw new UsageError(`${flag}: given twice for ${of.name}`)
    of[member] = parse(value)
  }
}

/**
 * Adds the flags that say what keys are made for.
 *
 * @returns the purposes, once the command line was read; `withArn` is for those that are sealed to
 */
export function purposeFlags(command: Command): (withArn: boolean) => readonly Purpose[] {
  const given: PurposeArgument[] = []
  command.option(
    '--purpose <name=spec:usage>',
    'what keys are made for, such as claims=ECC_NIST_P256:KEY_AGREEMENT; again for several',
    (text: string) => {
      given.push(purposeOf(text))
      return true
    },
  )
  for (const { flags, description, set } of flagsBehind)
    command.option(flags, description, (value: string) => {
      const last = given.at(-1)
      if (!last)
        throw new UsageError(`${flags.split(' ')[0]}: expected behind the --purpose it is about`)
      set(last, value)
      return true
    })
  return (withArn) => given.map((one) => asPurpose(one, withArn))
}

function asPurpose({ alias, replicas, ...o }: PurposeArgument, withArn: boolean): Purpose {
  const { name, spec, alg, keepDays, age } = o
  const usage = o.usage as Purpose['usage']
  const use = usage === 'SIGN_VERIFY' ? 'sig' : 'enc'
  return {
    name,
    use,
    spec,
    usage,
    alias: alias ?? `alias/${name}`,
    ...(alg !== undefined && { alg }),
    ...(replicas.length > 0 && { replicas }),
    ...(keepDays !== undefined && { keepDays }),
    ...(use === 'enc' && { withArn }),
    ...(age !== undefined && { age }),
  }
}
