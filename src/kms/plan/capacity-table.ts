// The one table of what KMS allows and costs. `docs/guides/capacity.md` says how it was read.

/**
 * How surely a number is known.
 *
 * - `page`: it stands on the page of AWS that `source` names
 * - `quoted`: others quote that page, and it was not read there
 * - `unverified`: it is from memory
 * - `unknown`: it was found nowhere
 * - `yours`: you said it
 */
export type CapacityBasis = 'page' | 'quoted' | 'unverified' | 'unknown' | 'yours'

/** A number of the table, with where it is from and when it was read there. */
export interface CapacityFact {
  /** Null where it is unknown. */
  readonly value: number | null
  readonly basis: CapacityBasis
  /** The page that says it. */
  readonly source: string
  /** The day on which it was read: `2026-12-01`. */
  readonly date: string
}

/** What one kind of KMS key allows and costs. */
export interface KeyFacts {
  /** The operation of KMS that opens. */
  readonly operation: 'Decrypt' | 'DeriveSharedSecret' | 'Decapsulate'
  /** The keys with which it shares its quota. */
  readonly sharedBy: string
  /** Operations a second, of an account in a Region. */
  readonly quota: CapacityFact
  /** US dollars for 10,000 requests. */
  readonly price: CapacityFact
}

/** Who pays what for a kind of KMS key. */
export interface KeyKindFacts {
  readonly kind: 'customer managed' | 'imported' | 'AWS managed' | 'AWS owned'
  /** US dollars for a key and a month. */
  readonly keyMonth: CapacityFact
  readonly says: string
}

const date = '2026-12-01'
const quotas = 'https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html'
const prices = 'https://aws.amazon.com/kms/pricing/'

const fact = (value: number | null, basis: CapacityBasis, source: string): CapacityFact => ({
  value,
  basis,
  source,
  date,
})

const rsa = {
  operation: 'Decrypt',
  sharedBy: 'all RSA keys',
  quota: fact(1_000, 'page', quotas),
} as const

const ecc: KeyFacts = {
  operation: 'DeriveSharedSecret',
  sharedBy: 'all ECC keys',
  quota: fact(1_000, 'page', quotas),
  price: fact(0.15, 'quoted', prices),
}

const mlKem: KeyFacts = {
  operation: 'Decapsulate',
  sharedBy: 'ML-KEM keys',
  quota: fact(null, 'unknown', quotas),
  price: fact(null, 'unknown', prices),
}

/** A KeySpec of a key that can open. */
export type CapacityKey =
  | 'RSA_2048'
  | 'RSA_3072'
  | 'RSA_4096'
  | 'ECC_NIST_P256'
  | 'ECC_NIST_P384'
  | 'ECC_NIST_P521'
  | 'ML_KEM_512'
  | 'ML_KEM_768'
  | 'ML_KEM_1024'

/** By KeySpec. */
export const keyFacts: Readonly<Record<CapacityKey, KeyFacts>> = {
  RSA_2048: { ...rsa, price: fact(0.03, 'quoted', prices) },
  RSA_3072: { ...rsa, price: fact(0.15, 'quoted', prices) },
  RSA_4096: { ...rsa, price: fact(0.15, 'quoted', prices) },
  ECC_NIST_P256: ecc,
  ECC_NIST_P384: ecc,
  ECC_NIST_P521: ecc,
  ML_KEM_512: mlKem,
  ML_KEM_768: mlKem,
  ML_KEM_1024: mlKem,
}

const most = 100_000
const more = 20_000

/** What symmetric keys allow by Region, and elsewhere. */
const symmetricQuotas: Readonly<Record<string, number>> = {
  'us-east-1': most,
  'us-west-2': most,
  'eu-west-1': most,
  'us-east-2': more,
  'ap-southeast-1': more,
  'ap-southeast-2': more,
  'ap-northeast-1': more,
  'eu-central-1': more,
  'eu-west-2': more,
}

/** The symmetric key under which an archive is sealed again. */
export const symmetricFacts = (region: string): Omit<KeyFacts, 'operation'> => ({
  sharedBy: 'all symmetric keys',
  quota: fact(symmetricQuotas[region] ?? 10_000, 'page', quotas),
  price: fact(0.03, 'quoted', prices),
})

/** Rotations of a symmetric key that cost a month's fee each; later ones cost nothing more. */
export const rotationsCharged: CapacityFact = fact(2, 'unverified', prices)

/** Bytes of a data key of 256 bits as KMS wraps it under a symmetric key. */
export const symmetricCiphertext: CapacityFact = fact(184, 'unverified', quotas)

/** Every kind of KMS key, and who pays what for it. */
export const keyKinds: readonly KeyKindFacts[] = [
  {
    kind: 'customer managed',
    keyMonth: fact(1, 'page', prices),
    says: 'you make, share and end it, and pay for its calls. Only such keys open what was sealed',
  },
  {
    kind: 'imported',
    keyMonth: fact(1, 'page', prices),
    says: 'as customer managed, with material that you made and must keep',
  },
  {
    kind: 'AWS managed',
    keyMonth: fact(0, 'page', prices),
    says: 'such as alias/aws/s3: its service alone uses it, and you pay for the calls',
  },
  {
    kind: 'AWS owned',
    keyMonth: fact(0, 'page', prices),
    says: 'it is in no account of yours: invisible and free, without quota and trail',
  },
]
