// How many bytes sealing makes, from the formats alone: nothing is sealed.
import { coordinateOf } from '../../algorithms/curves.js'
import { dataKeyProviders, ecdhCiphertext } from '../../algorithms/data-key-providers.js'
import { ecKeySpecs, rsaKeySpecs } from '../../algorithms/kms-key-specs.js'
import { sealAlgorithms } from '../../algorithms/key-wraps.js'
import { limits } from '../../algorithms/limits.js'
import type { CurveName } from '../../algorithms/public-key.js'
import { utf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'
import { ecdhInfo } from '../../formats/ecdh-provider.js'
import type { Context } from '../../formats/context.js'
import { messageLength } from '../../formats/frames.js'
import { serializeContext } from '../../formats/message-context.js'
import { headerBody, tagLength, type EncryptedDataKey } from '../../formats/message-header.js'
import { symmetricCiphertext, type CapacityKey } from './capacity-table.js'

const zeros = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length)

/** Characters of base64url without padding (RFC 4648 §5). */
const base64urlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/** How a value's and a file's data key look, of one kind of key. */
interface WrapSizes {
  readonly alg: string
  readonly encryptedKey: number
  readonly crv?: CurveName
  readonly dataKey: EncryptedDataKey
}

const modulusOf = (spec: CapacityKey): number | undefined => {
  const found = Object.entries(rsaKeySpecs).find(([, name]) => name === spec)
  return found && Number(found[0])
}

const curveOf = (spec: CapacityKey): CurveName | undefined =>
  (Object.keys(ecKeySpecs) as CurveName[]).find((crv) => ecKeySpecs[crv] === spec)

/** Undefined of a kind of key that nothing is sealed to yet. */
function wrapSizes(spec: CapacityKey, arn: string): WrapSizes | undefined {
  const modulus = modulusOf(spec)
  if (modulus !== undefined)
    return {
      alg: sealAlgorithms['RSA'] as string,
      encryptedKey: modulus,
      dataKey: { provider: dataKeyProviders.RSA, info: utf8(arn), ciphertext: zeros(modulus) },
    }
  const crv = curveOf(spec)
  if (crv === undefined) return undefined
  const point = zeros(coordinateOf(crv) + 1)
  return {
    alg: sealAlgorithms['EC'] as string,
    encryptedKey: 40,
    crv,
    dataKey: {
      provider: dataKeyProviders.EC,
      info: ecdhInfo(point, point),
      ciphertext: zeros(ecdhCiphertext),
    },
  }
}

/** What decides the size of what is sealed, besides the content. */
export interface SizeFacts {
  /** The ARN that an RSA key is named by; its length counts. */
  readonly arn: string
  readonly context: Context
  readonly frameLength: number
}

/** Bytes of the header of a message with one data key. */
function headerLength(dataKey: EncryptedDataKey, { context, frameLength }: SizeFacts): number {
  const body = headerBody({
    messageId: zeros(32),
    serializedContext: serializeContext(context),
    dataKeys: [dataKey],
    frameLength,
    commitment: zeros(32),
  })
  return body.length + tagLength
}

/**
 * Bytes of a file of this size, sealed to one key. Undefined where nothing is sealed to its kind.
 *
 * @throws SealdropError `too_large`
 * @see message-format.md, "Header" and "Body"
 */
export function sealedFileLength(
  spec: CapacityKey,
  size: number,
  facts: SizeFacts,
): number | undefined {
  const sizes = wrapSizes(spec, facts.arn)
  return sizes && messageLength(headerLength(sizes.dataKey, facts), size, facts.frameLength)
}

/**
 * Characters of a text of this size that is sealed as a value. Undefined as of a file.
 *
 * @throws SealdropError `too_large`
 * @see value.md, "Header"
 */
export function sealedTextLength(
  spec: CapacityKey,
  size: number,
  { arn, context }: SizeFacts,
): number | undefined {
  const sizes = wrapSizes(spec, arn)
  if (!sizes) return undefined
  const { alg, crv, encryptedKey } = sizes
  const coordinate = crv && 'x'.repeat(base64urlLength(coordinateOf(crv)))
  const header = utf8(
    JSON.stringify({
      alg,
      enc: 'A256GCM',
      kid: 'x'.repeat(base64urlLength(32)),
      cty: 'text/plain;charset=utf-8',
      iat: 2_000_000_000,
      jti: 'x'.repeat(base64urlLength(16)),
      ctx: context,
      ...(crv && { epk: { kty: 'EC', crv, x: coordinate, y: coordinate } }),
    }),
  ).length
  ensure(
    header <= limits.header,
    'too_large',
    `context: expected a header of at most ${limits.header} bytes, found ${header}`,
  )
  const parts = [header, encryptedKey, 12, size, 16].map(base64urlLength)
  return parts.reduce((sum, length) => sum + length, parts.length - 1)
}

/** What re-sealing adds to the context, each with a value of 43 characters. */
const resealedMembers = ['sealdrop:message-id', 'sealdrop:header']

/** Bytes of a file of this size, sealed again under a symmetric key. */
export function resealedLength(size: number, facts: SizeFacts): number {
  const added = resealedMembers.map((name) => [name, 'x'.repeat(base64urlLength(32))] as const)
  const context = { ...facts.context, ...Object.fromEntries(added) }
  const ciphertext = zeros(symmetricCiphertext.value as number)
  const dataKey = { provider: 'aws-kms', info: utf8(facts.arn), ciphertext }
  return messageLength(headerLength(dataKey, { ...facts, context }), size, facts.frameLength)
}
