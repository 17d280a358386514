import { ensure } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { keySpecs, type KeyType } from '../key-specs.js'
import type { Call } from '../operations/call.js'
import { keysOf } from './key-names.js'
import { throttled } from './strike.js'

/**
 * Cryptographic operations a second, for each account and Region, by the kind of the key.
 *
 * A kind that is left out has no quota. AWS documents none for ML-KEM.
 */
export interface LocalKmsQuota {
  /** Of all RSA keys together. KMS: 1,000. Default: none. */
  readonly rsa?: number
  /** Of all keys on elliptic curves together. KMS: 1,000. Default: none. */
  readonly ecc?: number
  /** Of all ML-DSA keys together. KMS: 1,000. Default: none. */
  readonly mlDsa?: number
  /** Of all symmetric and HMAC keys, and GenerateRandom. KMS: 10,000 or more. Default: none. */
  readonly symmetric?: number
}

type QuotaKind = keyof LocalKmsQuota

const kinds: Readonly<Partial<Record<KeyType, QuotaKind>>> = {
  RSA: 'rsa',
  EC: 'ecc',
  OKP: 'ecc',
  'ML-DSA': 'mlDsa',
  symmetric: 'symmetric',
  HMAC: 'symmetric',
}

/** The operations that these quotas are for (developer guide, "Request quotas"). */
const cryptographic: ReadonlySet<string> = new Set([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GenerateRandom',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
])

/** @throws SealdropError `invalid_argument` */
export function checkQuota(quota: LocalKmsQuota | undefined): LocalKmsQuota {
  if (quota === undefined) return {}
  ensure(
    typeof quota === 'object' && quota !== null,
    'invalid_argument',
    `quota: expected an object like { rsa: 1000 }, found ${kindOf(quota)}`,
  )
  checkOptions(quota, 'rsa ecc mlDsa symmetric', 'quota')
  for (const [kind, most] of Object.entries(quota))
    ensure(
      most === undefined || (Number.isInteger(most) && Number(most) >= 1),
      'invalid_argument',
      `quota.${kind}: expected a whole number of operations a second, found ${typeof most === 'number' ? most : kindOf(most)}`,
    )
  return { ...quota }
}

/** How many operations each account and Region had in the second that runs. */
export class Quotas {
  readonly #most: LocalKmsQuota
  readonly #now: () => number
  #second = 0
  readonly #counts = new Map<string, number>()

  /** @param now - the clock of the machine: a test's own clock may stand still */
  constructor(most: LocalKmsQuota, now: () => number) {
    this.#most = most
    this.#now = now
  }

  /**
   * Counts a call. One that is refused does not count.
   *
   * @throws KmsFault ThrottlingException
   */
  count(call: Call): void {
    const kind = cryptographic.has(call.operation) ? kindOfCall(call) : undefined
    const most = kind && this.#most[kind]
    if (most === undefined) return
    const second = Math.floor(this.#now() / 1000)
    if (second !== this.#second) this.#counts.clear()
    this.#second = second
    const name = `${call.account} ${call.ring.region} ${kind}`
    const counted = this.#counts.get(name) ?? 0
    if (counted >= most) throw throttled()
    this.#counts.set(name, counted + 1)
  }
}

function kindOfCall(call: Call): QuotaKind | undefined {
  if (call.operation === 'GenerateRandom') return 'symmetric'
  const [key] = keysOf(call)
  const row = key && keySpecs.get(key.spec)
  return row && kinds[row.kty]
}
