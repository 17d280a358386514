import { readFile } from 'node:fs/promises'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { shown } from '../../errors/guard.js'
import type { FaultRule, LocalKmsKey, LocalKmsOptions } from '../../doors/local-kms.js'
import { InvalidArgumentError } from '../commander.js'

/** The options of the command as they were given. One that was not given is absent. */
export interface LocalKmsArguments {
  readonly dir?: string
  readonly port?: number
  readonly region?: readonly string[]
  readonly credentials?: string
  readonly seed?: string
  readonly key?: readonly LocalKmsKey[]
  readonly fault?: readonly FaultRule[]
  readonly quiet?: boolean
}

/**
 * Makes the options of the server from those of the command.
 *
 * @param onCall - gets the trail, unless it is turned off
 * @throws SealdropError `invalid_argument` for a credentials file that cannot be read
 */
export async function localKmsOptions(
  { dir, port, region, credentials, seed, key, fault, quiet }: LocalKmsArguments,
  onCall: (entry: object) => void,
): Promise<LocalKmsOptions> {
  const [first, ...others] = region ?? []
  return {
    ...(dir !== undefined && { dir }),
    ...(port !== undefined && { port }),
    ...(first !== undefined && { region: first }),
    ...(others.length > 0 && { regions: others }),
    ...(credentials !== undefined && { credentials: await readCredentials(credentials) }),
    ...(seed !== undefined && { seed }),
    ...(key && { keys: key }),
    ...(fault && { faults: fault }),
    ...(!quiet && { onCall }),
  }
}

async function readCredentials(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new SealdropError(
      'invalid_argument',
      `--credentials: expected a file that can be read, found ${shown(path)}: ${(cause as NodeJS.ErrnoException).code}`,
      { cause },
    )
  }
}

export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Expected an integer from 0 to 65535; 0 takes any free port.')
  return Number(text)
}

/** Reads `claims=RSA_3072:ENCRYPT_DECRYPT`. The server checks spec and usage. */
export function parseKey(text: string): LocalKmsKey {
  const [, alias, spec, usage] = /^([^=]+)=([^:]+):(.+)$/.exec(text) ?? []
  if (alias === undefined || spec === undefined || usage === undefined)
    throw new InvalidArgumentError(
      'Expected alias=SPEC:USAGE like claims=RSA_3072:ENCRYPT_DECRYPT.',
    )
  return { alias, spec, usage }
}

/** Reads a rule as a JSON object. The server checks its members. */
export function parseFault(text: string): FaultRule {
  try {
    const rule: unknown = JSON.parse(text)
    if (typeof rule === 'object' && rule !== null && !Array.isArray(rule)) return rule as FaultRule
  } catch {
    // it is no rule, like any other text that is no object
  }
  throw new InvalidArgumentError(
    'Expected a JSON object like {"kind":"throttle","operation":"Decrypt","count":2}.',
  )
}
