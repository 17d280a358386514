// Unwrapping with identity-v1: C2SP's age plugin protocol.
import { wipe } from '../../age/file-key.js'
import type { Stanza } from '../../age/header.js'
import { identityKeys, type IdentityKey } from '../../age/identity.js'
import { pointAs } from '../../age/p256.js'
import { p256tag, taggedOf } from '../../age/p256tag.js'
import { toBase64url } from '../../bytes/base64url.js'
import { utf8 } from '../../bytes/text.js'
import type { PrivateOperations } from '../../envelope/private-operations.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { unwrapFileKey } from '../../kms/age/unwrap.js'
import type { OpenerKey, OpenerKeys } from '../../open/opener-key.js'
import { commandsOf, type Channel } from './channel.js'

/** How many commands age may send, stanzas of all files together. */
const most = 65_536

/** The stanzas of one file, in their order. */
interface File {
  readonly index: string
  readonly stanzas: readonly Stanza[]
}

/** What age is told. No text says anything of a file, or of what KMS answered. */
const texts = {
  identity: 'this is no identity of age-plugin-sealdrop, or it was changed',
  structure: 'the header of this file is malformed: a stanza p256tag is not as specified',
  rejected: 'this file was changed on its way, or not sealed for this key',
  kms: 'AWS KMS did not open the file',
  unavailable: 'AWS KMS did not open the file: it could not be reached, or limits calls',
  denied: 'AWS KMS did not open the file: policies or credentials do not allow it',
  unusable: 'AWS KMS did not open the file: the key is disabled or deleted',
  peer: 'AWS KMS cannot be called: @aws-sdk/client-kms is missing, or a setting of AWS is wrong',
} as const

const ofCode: Readonly<Record<string, string>> = {
  kms_denied: texts.denied,
  kms_unavailable: texts.unavailable,
  kms_throttled: texts.unavailable,
  key_unusable: texts.unusable,
  invalid_argument: texts.peer,
}

/** Serves the state machine: file keys by KMS, each with at most one answer of a private key. */
export async function identityV1(
  channel: Channel,
  operations: Pick<PrivateOperations, 'agree'>,
): Promise<void> {
  const commands = await commandsOf(channel, most)
  const identities = commands.filter(({ type }) => type === 'add-identity')
  const files = filesOf(commands.filter(({ type }) => type === 'recipient-stanza'))
  const read = identities.map(({ args }) => keysOf(args))
  for (const [index, keys] of read.entries())
    if (!keys) await channel.ask('error', ['identity', String(index)], utf8(texts.identity))
  if (!read.includes(undefined)) {
    const keys = openerKeys(read.flatMap((found) => found ?? []))
    for (const file of files) await serveFile(channel, file, { keys, operations })
  }
  await channel.done()
}

/** The keys of an identity; undefined where it is none. */
export function keysOf(args: readonly string[]): readonly IdentityKey[] | undefined {
  try {
    return args.length === 1 ? identityKeys(args[0] ?? '') : undefined
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return undefined
  }
}

/** Stanzas by their file. @throws SealdropError `malformed` where their order is wrong */
function filesOf(commands: readonly Stanza[]): readonly File[] {
  const files: { readonly index: string; readonly stanzas: Stanza[] }[] = []
  for (const { args, body } of commands) {
    const [index = '', type = '', ...rest] = args
    const last = files.at(-1)
    const isNumber = /^(0|[1-9]\d{0,8})$/.test(index)
    const isInOrder = !last || Number(index) >= Number(last.index)
    if (!isNumber || !isInOrder || type === '')
      throw new SealdropError('malformed', 'age sends stanzas in a wrong order')
    const stanza = { type, args: rest, body }
    if (last?.index === index) last.stanzas.push(stanza)
    else files.push({ index, stanzas: [stanza] })
  }
  return files
}

/** The keys of identities as an opener has them. No key is asked for by anything else. */
function openerKeys(keys: readonly IdentityKey[]): OpenerKeys {
  const known: readonly OpenerKey[] = keys.flatMap(({ point, arns }) => {
    const whole = pointAs('uncompressed', point) ?? new Uint8Array(65)
    const x = toBase64url(whole.subarray(1, 33))
    const y = toBase64url(whole.subarray(33))
    const jwk = { kty: 'EC', crv: 'P-256', x, y } as const
    return arns.map((arn) => ({
      arn,
      jwk,
      info: { thumbprint: arn, alg: 'ECDH-ES+A256KW', use: 'enc' as const, arn },
    }))
  })
  return {
    async find(fits, what) {
      const found = known.filter(fits)
      if (found.length > 0) return found
      throw new SealdropError('key_not_found', `${what} is none of the keys`)
    },
  }
}

async function serveFile(
  channel: Channel,
  { index, stanzas }: File,
  parts: Parameters<typeof unwrapFileKey>[1],
): Promise<void> {
  const own = [...stanzas.keys()].filter((at) => stanzas[at]?.type === p256tag)
  if (own.length === 0) return
  const wrong = own.filter((at) => !isWellFormed(stanzas[at]))
  const complain = (at: number, text: string): Promise<Stanza> =>
    channel.ask('error', ['stanza', index, String(at)], utf8(text))
  for (const at of wrong) await complain(at, texts.structure)
  if (wrong.length > 0) return
  const answer = await unwrapFileKey(stanzas, parts, undefined).catch((error: unknown) => {
    if (!isSealdropError(error)) throw error
    return error
  })
  if (isSealdropError(answer)) {
    // what is for others is told by telling nothing
    if (answer.code === 'key_not_found') return
    return void (await channel.ask('error', ['internal'], utf8(ofCode[answer.code] ?? texts.kms)))
  }
  const { fileKey, index: asked } = answer
  if (!fileKey) return void (await complain(own[asked] ?? 0, texts.rejected))
  await channel.ask('file-key', [index], fileKey)
  wipe(fileKey)
}

function isWellFormed(stanza: Stanza | undefined): boolean {
  try {
    return stanza !== undefined && taggedOf(stanza).tag.length > 0
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return false
  }
}
