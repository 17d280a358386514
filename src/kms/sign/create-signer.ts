import { algOf, type NamedAlg } from '../../algorithms/alg-of.js'
import { toBase64url } from '../../bytes/base64url.js'
import { isWellFormed } from '../../bytes/text.js'
import { randomBytes } from '../../crypto/subtle.js'
import { clockOf, ensure, milliseconds, shown } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { bytesType, encodeValue, type Value } from '../../formats/content.js'
import { checkContext } from '../../formats/context.js'
import { joinLines, type FileClaims } from '../../formats/file-signature.js'
import { jsonForm, plainCopy, showsNothing } from '../../formats/json-form.js'
import { reservedTypes, sameType } from '../../formats/jws.js'
import type { Receipt } from '../../formats/receipt.js'
import { abortable, signalOf, unwatched, type CallOptions } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import { SingleFlight } from '../../io/single-flight.js'
import { thumbprintUrn } from '../../keys/key.js'
import type { OpenerKey } from '../../open/opener-key.js'
import type { Claims } from '../../verify/jwt.js'
import { loadKey } from '../port/load-key.js'
import { obeying, type KmsBudget } from '../port/budget.js'
import { KmsPort, type Kms } from '../port/port.js'
import { hashFile, type SignFileOptions } from './sign-file.js'
import { signJws } from './sign-jws.js'
import type { ReceiptOf, Signer } from './signer.js'

class KmsSigner implements Signer {
  readonly #port: KmsPort
  readonly #name: string
  readonly #alg: string | undefined
  readonly #now: () => number
  readonly #flight = new SingleFlight<OpenerKey>()
  #key: OpenerKey | undefined
  #closed = false

  constructor(port: KmsPort, name: string, alg: string | undefined, now: () => number) {
    this.#now = () => Math.floor(now() / 1000)
    this.#port = port
    this.#name = name
    this.#alg = alg
  }

  async ready(o?: CallOptions): Promise<void> {
    await this.#loaded(signalOf(o))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#port.close()
  }

  async sign(payload: Value, o?: CallOptions & { readonly typ?: string }): Promise<string> {
    const { typ, signal } = checkOptions(o, 'signal typ')
    // without a cty, bytes that hold claims would pass for a JWT
    const { bytes, cty = bytesType } = encodeValue(payload, 1)
    const header = { typ: checkType(typ), cty, iat: this.#now() }
    return this.#jws(header, bytes, signal)
  }

  async signJwt(
    claims: Claims & object,
    o: CallOptions & { readonly expiresIn: number; readonly typ?: string },
  ): Promise<string> {
    checkOptions(o, 'signal expiresIn typ')
    milliseconds('expiresIn', o?.expiresIn)
    ensure(
      o?.expiresIn > 0 && Number.isFinite(o.expiresIn),
      'invalid_argument',
      'expiresIn: expected milliseconds above 0',
    )
    const shownClaims = checkClaims(claims)
    const iat = this.#now()
    const exp = iat + Math.ceil(o.expiresIn / 1000)
    const { bytes } = encodeValue({ ...shownClaims, iat, exp }, 1)
    return this.#jws({ typ: checkType(o.typ ?? 'JWT') }, bytes, o.signal)
  }

  async signReceipt(of: ReceiptOf, o?: CallOptions): Promise<string> {
    const signal = signalOf(o)
    const stated = receiptMembers(of)
    const { info } = await this.#loaded(signal)
    const receipt: Receipt = {
      iss: thumbprintUrn(info.thumbprint),
      iat: this.#now(),
      jti: toBase64url(randomBytes(16)),
      ...stated,
    }
    return this.#jws({ typ: reservedTypes.receipt }, encodeValue(receipt, 1).bytes, signal)
  }

  async signFile(file: string | URL | ByteSource | Blob, o?: SignFileOptions): Promise<string> {
    const options = checkOptions(o, 'signal name mediaType context onProgress')
    const { info } = await this.#loaded(options.signal)
    const { claims: said, list } = await hashFile(file, options)
    const claims: FileClaims = { ...said, iat: this.#now(), iss: thumbprintUrn(info.thumbprint) }
    const { bytes } = encodeValue(claims, 1)
    return joinLines(await this.#jws({ typ: reservedTypes.file }, bytes, options.signal), list)
  }

  async #jws(
    header: object,
    payload: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    return signJws(this.#port, await this.#loaded(signal), { header, payload }, signal)
  }

  #loaded(signal: AbortSignal | undefined): Promise<OpenerKey> {
    ensure(!this.#closed, 'closed', 'this signer was closed')
    if (this.#key) return Promise.resolve(this.#key)
    return abortable(
      this.#flight.run(async () => {
        const key = await loadKey(this.#port, this.#name, this.#alg)
        ensure(
          key.info.use === 'sig',
          'key_unusable',
          `${this.#name} does not sign; a signer needs a key with the usage SIGN_VERIFY`,
        )
        return (this.#key = key)
      }),
      signal,
    )
  }
}

/**
 * What a receipt says beside who signed it and when.
 *
 * @throws SealdropError `invalid_argument`
 */
function receiptMembers(of: ReceiptOf): Omit<Receipt, 'iss' | 'iat' | 'jti'> {
  ensure(of, 'invalid_argument', 'signReceipt: expected what inspect gives, and a stage')
  const { messageId, digest, length, stage } = of
  const key = typeof of.key === 'object' ? of.key.thumbprint : of.key
  ensure(
    key === undefined || (typeof key === 'string' && key !== ''),
    'invalid_argument',
    'signReceipt: key, expected what an opener answered, or a thumbprint',
  )
  ensure(
    [messageId, digest].every((text) => typeof text === 'string' && text !== ''),
    'invalid_argument',
    'signReceipt: expected messageId and digest, as inspect gives them',
  )
  ensure(
    Number.isSafeInteger(length) && length >= 0,
    'invalid_argument',
    'signReceipt: length, expected a number of bytes',
  )
  ensure(
    stage === 'received' || stage === 'opened',
    'invalid_argument',
    "signReceipt: stage, expected 'received' or 'opened'",
  )
  const ctx = checkContext(of.context)
  const members = { messageId, length, digest, ctx, stage }
  return key === undefined ? members : { ...members, key }
}

/**
 * The claims as JSON shows them, in a plain object.
 *
 * @throws SealdropError `invalid_argument`
 */
function checkClaims(claims: Claims & object): object {
  const form = jsonForm(claims, '') as typeof claims | null
  ensure(
    typeof form === 'object' && form !== null && form.exp === undefined && form.iat === undefined,
    'invalid_argument',
    'claims: expected an object without exp and iat, which this verb sets',
  )
  ensure(
    !showsNothing(form),
    'invalid_argument',
    'claims: JSON cannot carry a class without members',
  )
  return plainCopy(form)
}

/**
 * Refuses the types that verbs of their own write.
 *
 * Whoever may sign messages with `sign` must not get a key set or a receipt out of it.
 */
function checkType(typ: string | undefined): string | undefined {
  ensure(
    typ === undefined || (typeof typ === 'string' && isWellFormed(typ)),
    'invalid_argument',
    'typ: expected text without lone surrogates',
  )
  ensure(
    typ === undefined || !Object.values(reservedTypes).some((type) => sameType(typ, type)),
    'invalid_argument',
    `typ ${shown(typ ?? '')} is reserved: only the verb made for it writes it`,
  )
  return typ
}

/**
 * Makes a signer, which signs with one KMS key of the usage SIGN_VERIFY.
 *
 * - Nothing happens before its first verb. Call `ready` to load the key when a program starts.
 * - An alias is resolved once: make a new signer after the alias moved.
 *
 * @param o.kms - how KMS is reached; default `{}`: the AWS default chain
 * @param o.budget - operations a second, which others may share; default: no limit
 * @param o.key - ARN, key id or alias
 * @param o.alg - JOSE or KMS name; default: PS256 of an RSA key, the one algorithm of others
 * @param o.algorithm - another name of `alg`; where both are given, they must be the same
 * @param o.now - the time in milliseconds since 1970; default: `Date.now`
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: `key` is missing, or an option is wrong
 * @example
 *   ```js
 *   import { createSigner } from 'sealdrop/kms'
 *   const signer = createSigner({ key: 'alias/receipts' })
 *   await signer.ready()
 *   const jws = await signer.sign('order 7 is paid')
 *   console.log(jws.split('.').length) // 3
 *   await signer.close()
 *   ```
 * @see RFC 7515 §5.1
 */
export function createSigner(
  o: NamedAlg & {
    readonly kms?: Kms
    readonly budget?: KmsBudget
    readonly key: string
    readonly now?: () => number
  },
): Signer {
  return blamingNow(() => signerOf(o))
}

function signerOf(o: Parameters<typeof createSigner>[0]): Signer {
  checkOptions(o, 'kms budget key alg algorithm now')
  ensure(
    typeof o?.key === 'string' && o.key !== '',
    'invalid_argument',
    'key: expected a key ARN, a key id or an alias',
  )
  const port = new KmsPort(o.kms ?? {}, obeying(o.budget))
  const signer = new KmsSigner(port, o.key, algOf(o), clockOf(o.now))
  // methods that need no `this`, so that they work behind the proxies of Vue and MobX
  return {
    ready: (call) => unwatched(() => blaming('caller', () => signer.ready(call))),
    sign: (payload, call) => blaming('caller', () => signer.sign(payload, call)),
    signJwt: (claims, call) => blaming('caller', () => signer.signJwt(claims, call)),
    signReceipt: (of, call) => blaming('caller', () => signer.signReceipt(of, call)),
    signFile: (file, call) => blaming('caller', () => signer.signFile(file, call)),
    close: () => signer.close(),
  }
}
