import type { Readable, Writable } from 'node:stream'
import { ageIdentity } from '../../age/identity.js'
import { isP256, pointAs, pointOf } from '../../age/p256.js'
import { ageRecipient } from '../../age/recipient.js'
import { toBase64url } from '../../bytes/base64url.js'
import { printable } from '../../errors/printable.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { loadKey } from '../../kms/port/load-key.js'
import { KmsPort } from '../../kms/port/port.js'
import type { OpenerKey } from '../../open/opener-key.js'
import { channelOver, type Channel } from './channel.js'
import { identityV1 } from './identity-v1.js'
import { recipientV1 } from './recipient-v1.js'

/** The streams of a plugin. Only the protocol goes to stdout. */
export interface PluginStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

const flag = '--age-plugin='

const help = `Usage: age-plugin-sealdrop <arn|alias>...

Prints the identity of KMS keys on P-256, for a file that age takes with -i. It holds no secret. The first key is the one
that "age -e -i" seals to. Name the ARNs of replicas too: they are asked in this order.

Examples:
  $ age-plugin-sealdrop alias/claims > identity.txt
  $ age -d -i identity.txt -o report.pdf report.age
      Opens by AWS KMS, which the AWS default chain reaches.
  $ age -e -i identity.txt -o report.age report.pdf

Started by age with ${flag}identity-v1 or ${flag}recipient-v1.
`

const machines: Readonly<Record<string, (channel: Channel, port: KmsPort) => Promise<void>>> = {
  'identity-v1': identityV1,
  'recipient-v1': recipientV1,
}

/**
 * Runs `age-plugin-sealdrop` to its end.
 *
 * @returns what the process ends with
 */
export async function runPlugin(args: readonly string[], streams: PluginStreams): Promise<number> {
  const port = new KmsPort({})
  const tell = (text: string): void =>
    void streams.stderr.write(`age-plugin-sealdrop: ${printable(text)}\n`)
  try {
    const named = args.find((arg) => arg.startsWith(flag))?.slice(flag.length)
    if (named === undefined) return await print(args, port, streams)
    const machine = Object.hasOwn(machines, named) ? machines[named] : undefined
    if (!machine) throw new SealdropError('invalid_argument', `there is no state machine ${named}`)
    await machine(channelOver(streams.stdin, streams.stdout), port)
    return 0
  } catch (error) {
    tell(isSealdropError(error) ? error.message : 'failed unexpectedly')
    return 1
  } finally {
    port.close()
  }
}

async function print(
  names: readonly string[],
  port: KmsPort,
  { stdout, stderr }: PluginStreams,
): Promise<number> {
  const isHelp = names.some((name) => ['--help', '-h'].includes(name))
  if (isHelp || names.length === 0 || names.some((name) => name.startsWith('-'))) {
    const out = isHelp ? stdout : stderr
    out.write(help)
    return isHelp ? 0 : 2
  }
  const keys = await Promise.all(names.map((name) => loadKey(port, name)))
  stdout.write(identityText(keys))
  return 0
}

/** An identity file: a line for each recipient, and the identity. */
function identityText(keys: readonly OpenerKey[]): string {
  const arns = new Map<string, { readonly point: Uint8Array<ArrayBuffer>; arns: string[] }>()
  for (const { arn, jwk, info } of keys) {
    const point =
      isP256(jwk) && info.use === 'enc' ? pointAs('compressed', pointOf(jwk)) : undefined
    if (!point)
      throw new SealdropError(
        'key_unusable',
        `${arn}: expected a key ECC_NIST_P256 of the usage KEY_AGREEMENT`,
      )
    const name = toBase64url(point)
    const known = arns.get(name) ?? { point, arns: [] }
    known.arns.push(arn)
    arns.set(name, known)
  }
  const recipients = new Set(keys.map(({ jwk }) => `# recipient: ${ageRecipient(jwk)}\n`))
  return `${[...recipients].join('')}${ageIdentity([...arns.values()])}\n`
}
