import { coordinateOf } from '../../algorithms/curves.js'
import {
  dataKeyProviders,
  ecdhCiphertext,
  kindOfProvider,
} from '../../algorithms/data-key-providers.js'
import type { CurveName } from '../../algorithms/public-key.js'
import { toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { fromUtf8 } from '../../bytes/text.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { isKeyArn } from '../../formats/arn.js'
import type { Context } from '../../formats/context.js'
import { parseEcdhInfo } from '../../formats/ecdh-provider.js'
import type { EncryptedDataKey } from '../../formats/message-header.js'
import { thumbprintOf } from '../../keys/key.js'
import { decompressPoint } from '../../kms/open/decompress-point.js'
import { commandLine, contextWords, namedInput, type Way } from './report.js'

/** A key that can open something, as far as the sealed thing names it. */
export interface NamedRecipient {
  /** How its data key travels: the provider id of a message, the `alg` of a value. */
  readonly by: string
  /** Such as `RSA-2048` or `P-256`. */
  readonly key?: string | undefined
  readonly thumbprint?: string | undefined
  readonly arn?: string | undefined
  /** What a provider of others says, where it is text. */
  readonly info?: string | undefined
  /** Why it opens with no key. */
  readonly why?: string | undefined
}

/** Names the recipient of a data key of a message. */
export async function recipientOf(dataKey: EncryptedDataKey): Promise<NamedRecipient> {
  const { provider: by, info } = dataKey
  const kind = kindOfProvider(by)
  const text = fromUtf8(info)
  if (!kind) return { by, info: text, why: 'not a kind of key that is opened here' }
  if (by === dataKeyProviders.RSA) return rsaRecipient(by, text, dataKey.ciphertext)
  try {
    return await ecdhRecipient(dataKey)
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return { by, why: error.message }
  }
}

function rsaRecipient(by: string, arn: string | undefined, ciphertext: Bytes): NamedRecipient {
  const key = `RSA-${ciphertext.length * 8}`
  if (![256, 384, 512].includes(ciphertext.length))
    return { by, arn, why: `no RSA key seals a data key into ${ciphertext.length} bytes` }
  return { by, key, arn, ...(!isKeyArn(arn) && { why: 'its name is no ARN of a KMS key' }) }
}

async function ecdhRecipient({
  provider: by,
  info,
  ciphertext,
}: EncryptedDataKey): Promise<NamedRecipient> {
  const { crv, recipient, sender } = parseEcdhInfo(info)
  const thumbprint = await thumbprintOfPoint(crv, recipient)
  const found = { by, key: crv, thumbprint }
  if (thumbprint === undefined) return { ...found, why: `its point is not on ${crv}` }
  if (!jwkOf(crv, sender)) return { ...found, why: `the sender's point is not on ${crv}` }
  if (ciphertext.length !== ecdhCiphertext)
    return { ...found, why: `expected a data key in ${ecdhCiphertext} bytes` }
  return found
}

/** The key of a compressed point; undefined for what is no point. */
function jwkOf(crv: CurveName, compressed: Bytes): object | undefined {
  const length = coordinateOf(crv)
  try {
    const point = decompressPoint(crv, compressed)
    const [x, y] = [point.subarray(1, 1 + length), point.subarray(1 + length)].map(toBase64url)
    return { kty: 'EC', crv, x, y }
  } catch {
    return undefined
  }
}

/** The thumbprint of a compressed point, by which everything else names a key. */
async function thumbprintOfPoint(crv: CurveName, point: Bytes): Promise<string | undefined> {
  const jwk = jwkOf(crv, point)
  return jwk && thumbprintOf(jwk)
}

/** A recipient in a line. */
export function recipientLine({ by, key, thumbprint, arn, info, why }: NamedRecipient): string {
  const name = arn ?? thumbprint ?? info
  const said = [key, name, `(${by})`].filter((word) => word !== undefined && word !== '')
  return `${said.join(' ')}${why === undefined ? '' : `: ${why}`}`
}

/** Who opens what was sealed to a key, and how. */
export function openingWay(
  { arn, thumbprint, key = '' }: NamedRecipient,
  { name, context }: { readonly name: string; readonly context: Context },
): Way {
  const operation = key.startsWith('P-') ? 'kms:DeriveSharedSecret' : 'kms:Decrypt'
  const open = (...keys: readonly string[]): string =>
    commandLine(['open', ...keys, ...contextWords(context), '-o', 'OUT', ...namedInput(name)])
  if (arn !== undefined)
    return { who: `whoever may use ${operation} with ${arn}`, command: open('--key-id', arn) }
  return {
    who: `whoever may use ${operation} with the key of the thumbprint ${thumbprint ?? 'unknown'}`,
    command: open('--inventory', 'INVENTORY'),
  }
}
