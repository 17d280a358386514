import type { Value } from '../../formats/content.js'
import type { Context } from '../../formats/context.js'
import type { CallOptions } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import type { KeyInfo } from '../../keys/key.js'
import type { Claims } from '../../verify/jwt.js'
import type { SignFileOptions } from './sign-file.js'

/** What a receipt says of a sealed value or stream: `inspect` gives the first four members. */
export interface ReceiptOf {
  /** The id of the message. */
  readonly messageId: string
  /** The chunk digest of what was sealed, in base64url. */
  readonly digest: string
  /** The length of what was sealed, in bytes. */
  readonly length: number
  /** The context that the sender bound. */
  readonly context: Context
  /** How far the receiver came. */
  readonly stage: 'received' | 'opened'
  /** The key that opened it, as openers answer it, or its thumbprint. Default: none is named. */
  readonly key?: string | KeyInfo
}

/**
 * Signs with one KMS key, each time with one small call.
 *
 * - What is signed is hashed here, so that content of any size costs the same.
 * - Ed25519 and ML-DSA keys sign content that is not hashed before.
 */
export interface Signer {
  /**
   * Loads the key now, so that a wrong configuration shows when the program starts.
   *
   * - Without it the first verb loads the key. Nobody need await it.
   *
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: no Region is known for the key
   *   - `closed`: the signer was closed
   * @throws SealdropError from KMS:
   *   - `invalid_argument`: the key does not sign with the algorithm
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, deleted, unknown, or does not sign
   *   - `unsupported_algorithm`: the key is of a kind that Sealdrop does not use
   * @example
   *   ```js
   *   import { createSigner } from 'sealdrop/kms'
   *   const signer = createSigner({ key: 'alias/claims' })
   *   const failure = await signer.ready().catch(({ message }) => message)
   *   console.log(failure) // alias/claims does not sign…
   *   await signer.close()
   *   ```
   */
  ready(o?: CallOptions): Promise<void>
  /**
   * Ends the KMS clients that this signer made.
   *
   * - Verbs that are called later throw `closed`.
   * - A KMS client that you passed stays open.
   *
   * @example
   *   ```js
   *   import { createSigner } from 'sealdrop/kms'
   *   const signer = createSigner({ key: 'alias/receipts' })
   *   await signer.close()
   *   const failure = await signer.ready().catch(({ code }) => code)
   *   console.log(failure) // closed
   *   ```
   */
  close(): Promise<void>
  /**
   * Signs a value of at most 1 MiB as a compact JWS, which `verify` verifies.
   *
   * - The header has `iat`, the time of signing.
   *
   * @param payload - text, bytes, or what JSON carries without loss
   * @param o - also `typ` of the header; default: none. Types of Sealdrop itself are refused
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: the value cannot be signed, `typ` is reserved, or no Region is known
   *   - `too_large`: the value has over 1 MiB, or is too long for an Ed25519 key
   *   - `closed`: the signer was closed
   * @throws SealdropError from KMS:
   *   - `invalid_argument`: the key does not sign with the algorithm
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, is gone, or does not sign
   *   - `unsupported_algorithm`: the key is of a kind that Sealdrop does not use
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, verify } from 'sealdrop'
   *   import { createSigner } from 'sealdrop/kms'
   *   const signer = createSigner({ key: 'alias/receipts' })
   *   const jws = await signer.sign({ order: 7, state: 'paid' })
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const verified = await verify(keys, jws)
   *   console.log(verified.json().state) // paid
   *   await signer.close()
   *   ```
   * @see RFC 7515 §5.1
   */
  sign(payload: Value, o?: CallOptions & { readonly typ?: string }): Promise<string>
  /**
   * Signs claims as a JWT, which `verifyJwt` and every JWT library verify.
   *
   * - `iat` becomes now, and `exp` the time after `expiresIn` milliseconds.
   *
   * @param claims - without `iat` and `exp`
   * @param o - also `typ` of the header; default: `JWT`
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: the claims cannot be signed, have `iat` or `exp`, `expiresIn` is
   *     missing, `typ` is reserved, or no Region is known
   *   - `too_large`: the claims have over 1 MiB, or are too long for an Ed25519 key
   *   - `closed`: the signer was closed
   * @throws SealdropError from KMS:
   *   - `invalid_argument`: the key does not sign with the algorithm
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, is gone, or does not sign
   *   - `unsupported_algorithm`: the key is of a kind that Sealdrop does not use
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, verifyJwt } from 'sealdrop'
   *   import { createSigner } from 'sealdrop/kms'
   *   const who = { iss: 'https://shop.example', aud: 'billing', sub: 'customer 12' }
   *   const signer = createSigner({ key: 'alias/receipts' })
   *   const jwt = await signer.signJwt(who, { expiresIn: 15 * 60_000 })
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const expected = { issuer: 'https://shop.example', audience: 'billing' }
   *   console.log((await verifyJwt(keys, jwt, expected)).claims.sub) // customer 12
   *   await signer.close()
   *   ```
   * @see RFC 7519 §7.1
   */
  signJwt(
    claims: Claims & object,
    o: CallOptions & { readonly expiresIn: number; readonly typ?: string },
  ): Promise<string>
  /**
   * Signs a file of any size, which is read once in constant memory, with one KMS call.
   *
   * - The answer is text of two lines, which `verifyStream` and `verifyRange` take.
   * - It has about 43 characters for each MiB of the file.
   * - The file must not change while it is read.
   *
   * @param file - a path, a `file:` URL, a byte source or a Blob
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: an option cannot be signed, or no Region is known
   *   - `too_large`: the options are too long for an Ed25519 key
   *   - `closed`: the signer was closed
   * @throws SealdropError from KMS:
   *   - `invalid_argument`: the key does not sign with the algorithm
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, is gone, or does not sign
   *   - `unsupported_algorithm`: the key is of a kind that Sealdrop does not use
   * @throws SealdropError while reading:
   *   - `source_failed`: the file cannot be read; retry when `retryable`
   *   - `source_changed`: the file was changed while it was read
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, verifyStream } from 'sealdrop'
   *   import { fileSource } from 'sealdrop/fs'
   *   import { createSigner } from 'sealdrop/kms'
   *   const signer = createSigner({ key: 'alias/receipts' })
   *   const context = { release: '2.1.0' }
   *   const signature = await signer.signFile('report.pdf', { context })
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const file = await fileSource('report.pdf')
   *   const verified = await verifyStream(keys, signature, file, { context })
   *   console.log(verified.name, verified.length) // report.pdf 1048576
   *   ```
   */
  signFile(file: string | URL | ByteSource | Blob, o?: SignFileOptions): Promise<string>
  /**
   * Signs a receipt, which tells a sender what was received or opened.
   *
   * - `verifyReceipt` compares it with what was sent.
   * - The time of the receipt is now.
   *
   * @param of - what `inspect` gives, with a stage
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: a member of `of` is missing or wrong, or no Region is known
   *   - `too_large`: the context is too long for an Ed25519 key
   *   - `closed`: the signer was closed
   * @throws SealdropError from KMS:
   *   - `invalid_argument`: the key does not sign with the algorithm
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, is gone, or does not sign
   *   - `unsupported_algorithm`: the key is of a kind that Sealdrop does not use
   * @example
   *   ```js
   *   import { fetchKeySet, inspect, overHttps, seal, verifyReceipt } from 'sealdrop'
   *   import { createSigner } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const sealed = await seal(keys, { iban: 'DE02…' }, { context: { order: '7' } })
   *   const signer = createSigner({ key: 'alias/receipts' })
   *   const receipt = await signer.signReceipt({ ...(await inspect(sealed)), stage: 'received' })
   *   const verified = await verifyReceipt(keys, receipt, { sent: await inspect(sealed) })
   *   console.log(verified.stage, verified.context.order) // received 7
   *   await signer.close()
   *   ```
   */
  signReceipt(of: ReceiptOf, o?: CallOptions): Promise<string>
}
