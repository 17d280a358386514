// A made-up kind of recipient, for test/node/recipient-kinds.test.mjs: an AKP key, as ML-KEM has,
// which is X25519 inside. Each function names itself, so that a bundle can be searched for it.
import { toBase64url, fromBase64url, type Base64url } from '../../bytes/base64url.js'
import { concat, equal, type Bytes } from '../../bytes/bytes.js'
import { decrypt, encrypt, importDataKey, unwrapDataKey, wrapDataKey } from '../../crypto/aes.js'
import { concatKdf } from '../../crypto/recipients.js'
import { subtle, type CryptoKey } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import type {
  CheckMessageKey,
  CheckValueKey,
  ImportKey,
  IsRecipient,
  ReadRecipient,
  RecipientName,
  UnwrapMessageKey,
  UnwrapValueKey,
  WrapMessageKey,
  WrapValueKey,
} from './recipient.js'

const none: Bytes = new Uint8Array()

export const importKey: ImportKey<'MADE-UP-KEM'> = ({ pub }) =>
  imported(fromBase64url(pub), 'made-up import')

export const wrapValueKey: WrapValueKey<'MADE-UP-KEM'> = async ({ cryptoKey }, raw) => {
  const [sender, secret] = await agreed(cryptoKey)
  const key = await concatKdf(secret, 'made-up wrap of values', none, none)
  return { encryptedKey: await wrapDataKey(key, raw), header: { ek: toBase64url(sender) } }
}

export const checkValueKey: CheckValueKey<'MADE-UP-KEM'> = async ({ header }) => {
  const { ek } = header as { readonly ek?: unknown }
  const sender = typeof ek === 'string' ? fromBase64url(ek as Base64url) : undefined
  ensure(sender?.length === 32, 'malformed', 'made-up check of values')
  return sender
}

export const unwrapValueKey: UnwrapValueKey = async (key, arn, operations, signal) => {
  const secret = await operations.agree(arn, key.sent, signal)
  const wrapping = await concatKdf(secret, 'made-up wrap of values', none, none)
  return unwrapDataKey(wrapping, key.encryptedKey)
}

export const wrapMessageKey: WrapMessageKey<'MADE-UP-KEM'> = async (recipient, raw, context) => {
  const [sender, secret] = await agreed(recipient.cryptoKey)
  const key = await importDataKey(await concatKdf(secret, 'made-up messages', context, none))
  return {
    provider: 'made-up-kem',
    info: concat(fromBase64url(recipient.jwk.pub), sender),
    ciphertext: await encrypt(key, new Uint8Array(12), raw, context),
  }
}

export const recipientName: RecipientName = (info) => toBase64url(info.subarray(0, 32))

export const readRecipient: ReadRecipient = ({ info }) => {
  ensure(info.length === 64, 'malformed', 'made-up read of messages')
  return toBase64url(info.subarray(0, 32))
}

export const isRecipient: IsRecipient<'MADE-UP-KEM'> = ({ info }, { jwk }) =>
  equal(info.subarray(0, 32), fromBase64url(jwk.pub))

export const checkMessageKey: CheckMessageKey<'MADE-UP-KEM'> = async ({ info }) => info.slice(32)

export const unwrapMessageKey: UnwrapMessageKey = async (key, arn, operations, signal) => {
  const secret = await operations.agree(arn, key.sent, signal)
  const context = key.serializedContext
  const wrapping = await importDataKey(await concatKdf(secret, 'made-up messages', context, none))
  return decrypt(wrapping, new Uint8Array(12), key.ciphertext, context)
}

const imported = (raw: Bytes | undefined, why: string): Promise<CryptoKey> => {
  ensure(raw, 'keys_malformed', why)
  return subtle().importKey('raw', raw, 'X25519', true, [])
}

/** An ephemeral public key, and the secret that it gives with the recipient. */
async function agreed(recipient: CryptoKey): Promise<readonly [sender: Bytes, secret: Bytes]> {
  const pair = (await subtle().generateKey('X25519', true, ['deriveBits'])) as CryptoKeyPair
  const algorithm = { name: 'X25519', public: recipient }
  const secret = await subtle().deriveBits(algorithm, pair.privateKey, 256)
  const sender = await subtle().exportKey('raw', pair.publicKey)
  return [new Uint8Array(sender), new Uint8Array(secret)]
}
