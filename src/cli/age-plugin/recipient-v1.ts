// Wrapping with recipient-v1: C2SP's age plugin protocol. It needs no credentials, and calls nobody.
import { fileKeyLength, wipe } from '../../age/file-key.js'
import { wrapTagged } from '../../age/p256tag.js'
import { pointOfRecipient } from '../../age/recipient.js'
import type { Bytes } from '../../bytes/bytes.js'
import { utf8 } from '../../bytes/text.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { commandsOf, type Channel } from './channel.js'
import { keysOf } from './identity-v1.js'

/** How many commands age may send. */
const most = 4_096

const texts = {
  recipient: 'this is no recipient age1tag1…, or it was changed',
  identity: 'this is no identity of age-plugin-sealdrop, or it was changed',
  fileKey: 'a file key has another length than 16 bytes',
} as const

/** Serves the state machine: a stanza for each recipient and each identity, of every file key. */
export async function recipientV1(channel: Channel): Promise<void> {
  const commands = await commandsOf(channel, most)
  const of = (wanted: string): typeof commands => commands.filter(({ type }) => type === wanted)
  const recipients = of('add-recipient').map(({ args }) => recipientPoint(args))
  // an identity may have several keys; the first one is sealed to
  const identities = of('add-identity').map(({ args }) => keysOf(args)?.[0]?.point)
  const fileKeys = of('wrap-file-key').map(({ body }) => body)
  let failed = false
  const fail = async (args: readonly string[], text: string): Promise<void> => {
    failed = true
    await channel.ask('error', args, utf8(text))
  }
  for (const [index, point] of recipients.entries())
    if (!point) await fail(['recipient', String(index)], texts.recipient)
  for (const [index, point] of identities.entries())
    if (!point) await fail(['identity', String(index)], texts.identity)
  if (fileKeys.some(({ length }) => length !== fileKeyLength))
    await fail(['internal'], texts.fileKey)
  const points = [...recipients, ...identities].flatMap((point) => point ?? [])
  if (!failed) await wrapAll(channel, fileKeys, points)
  wipe(...fileKeys)
  await channel.done()
}

function recipientPoint(args: readonly string[]): Bytes | undefined {
  try {
    return args.length === 1 ? pointOfRecipient(args[0] ?? '') : undefined
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return undefined
  }
}

async function wrapAll(
  channel: Channel,
  fileKeys: readonly Bytes[],
  points: readonly Bytes[],
): Promise<void> {
  for (const [index, fileKey] of fileKeys.entries())
    for (const point of points) {
      const { type, args, body } = wrapTagged(fileKey, point)
      await channel.ask('recipient-stanza', [String(index), type, ...args], body)
    }
}
