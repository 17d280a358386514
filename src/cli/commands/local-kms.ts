import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import type { LocalKms, LocalKmsOptions } from '../../doors/local-kms.js'
import { collect } from '../arguments/collect.js'
import { shellWord } from '../arguments/shell-word.js'
import { Command } from '../commander.js'
import {
  localKmsOptions,
  parseFault,
  parseKey,
  parsePort,
  type LocalKmsArguments,
} from './local-kms-options.js'
import type { Terminal } from '../terminal.js'
import { untilSignal } from '../signals.js'

const examples = `
Examples:
  $ sealdrop local-kms --dir .kms --port 8080 --key claims=RSA_3072:ENCRYPT_DECRYPT
      Keys survive in .kms; the printed lines point every AWS SDK and the AWS CLI at it.
  $ sealdrop local-kms --region us-east-1 eu-west-1 --seed test-42 --quiet
      Two Regions on one port, the same keys in every run, no trail.
  $ sealdrop local-kms --fault '{"kind":"throttle","operation":"Decrypt","count":2}' > trail.jsonl
      Two calls of Decrypt are throttled; every call is a line of trail.jsonl.

Everything for people goes to stderr, the trail to stdout: one JSON line for each call, shaped like a CloudTrail
entry. Private keys lie in --dir unencrypted: this is for development and tests. Stop it with Ctrl-C, SIGTERM or SIGHUP.`

/**
 * The command `sealdrop local-kms`, which runs a local KMS until a signal comes.
 *
 * @param start - starts a server; default: `startLocalKms`, which is loaded when it is needed
 */
export function localKmsCommand(
  terminal: Terminal,
  start: (options: LocalKmsOptions) => Promise<LocalKms> = load,
): Command {
  return new Command('local-kms')
    .description('run a KMS server for development and tests on this machine')
    .option('--dir <folder>', 'keep keys and aliases there; default: in memory only')
    .option('--port <number>', 'port of 127.0.0.1; default: one that is free', parsePort)
    .option('--region <names...>', 'Regions to serve, the first is the default; default: us-east-1')
    .option(
      '--credentials <file>',
      'JSON file of access keys, who they belong to and what they may do; default: one account, full access',
    )
    .option('--seed <text>', 'make the same keys from the same text; default: random keys')
    .option(
      '--key <alias=SPEC:USAGE...>',
      'key to have behind an alias, made unless it is there',
      collect(parseKey),
    )
    .option(
      '--fault <json...>',
      'fault to inject: kind, operation, key, region, count, latency, after',
      collect(parseFault),
    )
    .option('--quiet', 'no trail on stdout')
    .addHelpText('after', examples)
    .action((args: LocalKmsArguments) => run(args, terminal, start))
}

/** Runs a server until a signal comes. */
async function run(
  args: LocalKmsArguments,
  terminal: Terminal,
  start: (options: LocalKmsOptions) => Promise<LocalKms>,
): Promise<void> {
  const options = await localKmsOptions(args, (entry) => terminal.out(JSON.stringify(entry)))
  const local = await start(options).catch((e: unknown) => Promise.reject(inWordsOfTheCommand(e)))
  // a signal may come as soon as somebody has read that it runs
  const ended = untilSignal((name) => {
    terminal.note(
      `${name}: the local KMS finishes what runs and closes; the same again ends it at once.`,
    )
    return local.close()
  })
  terminal.note(banner(local, args))
  await ended
}

/** An error in the words of the command: who typed it knows `--key`, and not `keys[0]`. */
function inWordsOfTheCommand(e: unknown): unknown {
  if (!isSealdropError(e) || e.code !== 'invalid_argument') return e
  const message = e.message
    .replace(/^(port|dir|region|credentials|seed)(?=:)/, '--$1')
    .replace(/^(key|region|fault)s\[\d+\][.:] ?/, '--$1: ')
  return new SealdropError(e.code, message, { cause: e })
}

async function load(options: LocalKmsOptions): Promise<LocalKms> {
  const { startLocalKms } = await import('../../doors/local-kms.js')
  return startLocalKms(options)
}

/** What a person needs to know to use the server. */
function banner(
  { url, keys, env }: LocalKms,
  { dir, region, key = [] }: LocalKmsArguments,
): string {
  const kept =
    dir === undefined
      ? 'Keys are in memory only and gone when it ends (--dir keeps them).'
      : `Keys are kept in ${dir}, unencrypted.`
  const width = Math.max(...key.map(({ alias }) => alias.length))
  const lines = key.map(
    ({ alias, spec, usage }) => `  ${alias.padEnd(width)}  ${spec} ${usage}  ${keys[alias]}`,
  )
  const regions = region ? [...new Set(region)].join(', ') : env['AWS_REGION']
  return [
    `Sealdrop local KMS for development and tests: ${url} (${regions}). ${kept}`,
    ...(lines.length > 0 ? ['Keys:', ...lines] : []),
    'For other programs:',
    ...Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}`),
    '',
  ].join('\n')
}
