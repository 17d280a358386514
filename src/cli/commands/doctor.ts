import { readFile } from 'node:fs/promises'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { DoctorOptions, Finding, doctor as examine } from '../../doors/kms.js'
import { kmsFlags, kmsOf, type KmsArguments } from '../arguments/kms.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { Findings } from '../exit-codes.js'
import { openInventory } from '../inventory.js'
import type { Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop doctor --key-set https://keys.example/.well-known/jwks.json --roots roots.json
      As a page sees it: reachable, signed by a root, fresh, cached rightly, readable across origins.
  $ sealdrop doctor --key-set https://keys.example/jwks.json --root alias/root --inventory s3://bucket/keys.json
      As the publisher: also keys, aliases and states in KMS, and whether a rotation is due.
  $ sealdrop doctor --inventory keys --role opener --json
      As an opener with the inventory in the folder keys: may it open, by DryRun; a JSON line for each check.

Nothing is changed. KMS is reached by the AWS default chain where no flag says more. Exit code 0: all is well
or only warned of; 8: something is not; 2: a wrong argument.`

interface DoctorArguments extends KmsArguments {
  readonly keySet?: string
  readonly roots?: string
  readonly name?: string
  readonly issuer?: string
  readonly origin?: string
  readonly inventory?: string
  readonly root?: string
  readonly role?: DoctorOptions['roles']
  readonly every?: string
  readonly json?: boolean
}

/** The command `sealdrop doctor`, which tells people or programs what {@link examine} finds. */
export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .description('look at a set-up from this machine, and say what to do')
    .option('--key-set <url>', 'where pages fetch the key set')
    .option('--roots <file>', 'JSON file of the public JWKs that pages give to signedBy')
    .option('--name <name>', "the set's name, as pages expect it; default: default")
    .option('--issuer <issuer>', "the set's issuer, as pages expect it; default: whoever")
    .option(
      '--origin <origin>',
      'origin of a page that reads the set; default: https://page.example',
    )
    .option(
      '--inventory <where>',
      'a folder, s3://bucket/key or dynamodb://table/id; default: keys, aliases and permissions are not looked at',
    )
    .option('--root <key>', 'the KMS key that signs the set, where this machine publishes')
    .option(
      '--role <names...>',
      'what this machine does: opener, signer; default: both, and neither with --root',
    )
    .option('--every <duration>', 'how often keys are rotated, such as P3M; default: P1Y')
    .option('--json', 'a JSON line for each check')
  return takesSettings(kmsFlags(command), ['inventory', 'json'])
    .addHelpText('after', examples)
    .action(async ({ json, ...o }: DoctorArguments) => {
      const doctor = await load()
      const findings = await doctor(await doctorOptions(o))
      const lines = json ? findings.map((found) => JSON.stringify(found)) : report(findings)
      for (const line of lines) terminal.out(line)
      const wrong = findings.filter(({ ok }) => !ok).length
      if (wrong > 0) throw new Findings(`${wrong} of ${findings.length} checks are not ok`)
    })
}

async function load(): Promise<typeof examine> {
  const { doctor } = await import('../../doors/kms.js')
  return doctor
}

async function doctorOptions({
  keySet,
  roots,
  inventory,
  role,
  region,
  profile,
  endpointUrl,
  ...others
}: Omit<DoctorArguments, 'json'>): Promise<DoctorOptions> {
  const aws = {
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpointUrl !== undefined && { endpointUrl }),
  }
  return {
    ...others,
    kms: kmsOf(aws),
    ...(keySet !== undefined && { keySetUrl: keySet }),
    ...(roots !== undefined && { roots: await readRoots(roots) }),
    ...(inventory !== undefined && { store: await openInventory(inventory, aws) }),
    ...(role !== undefined && { roles: role }),
  }
}

/** Reads a file with a JWK, an array of JWKs or a JWK Set. */
async function readRoots(path: string): Promise<NonNullable<DoctorOptions['roots']>> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as { readonly keys?: unknown }
    const roots = Array.isArray(found) ? found : (found.keys ?? found)
    return (Array.isArray(roots) ? roots : [roots]) as NonNullable<DoctorOptions['roots']>
  } catch (cause) {
    const isJson = Object(cause).name !== 'SyntaxError'
    const why = isJson ? String((cause as NodeJS.ErrnoException).code) : 'it is not JSON'
    throw new SealdropError(
      'invalid_argument',
      `--roots ${path}: expected a JSON file of public JWKs: ${why}`,
      { cause },
    )
  }
}

/** The findings in lines. What is wrong comes last, where people look. */
function report(findings: readonly Finding[]): readonly string[] {
  const groups = [
    ['ok', findings.filter(({ ok, advice }) => ok && advice === undefined)],
    ['warning', findings.filter(({ ok, advice }) => ok && advice !== undefined)],
    ['NOT OK', findings.filter(({ ok }) => !ok)],
  ] as const
  return groups.flatMap(([mark, found]) =>
    found.flatMap(({ check, advice }) => [
      `${mark.padEnd(8)} ${check}`,
      ...(advice === undefined ? [] : [`         ${advice}`]),
    ]),
  )
}
