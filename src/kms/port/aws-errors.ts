import {
  isSealdropError,
  SealdropError,
  type SealdropErrorCode,
} from '../../errors/sealdrop-error.js'
import { clockAdvice } from './wrong-clock.js'

interface FaultRow {
  readonly code: SealdropErrorCode
  readonly advice: string
  readonly retryable?: true
}

const denied = 'the key policy and the IAM policy of the caller must both allow this operation'
const credentials: FaultRow = {
  code: 'kms_denied',
  advice: 'the AWS credentials are missing, wrong or out of date',
}
const notFound: FaultRow = {
  code: 'key_unusable',
  advice:
    'KMS knows no such key here: look at the account, the Region and the spelling, or whether it was deleted',
}
const throttled: FaultRow = {
  code: 'kms_throttled',
  advice: 'KMS limits requests a second; try again later, or turn the data-key cache on',
  retryable: true,
}
const unavailable: FaultRow = {
  code: 'kms_unavailable',
  advice: 'KMS could not be reached or could not answer; try again later',
  retryable: true,
}

/**
 * What AWS's exceptions mean, by name.
 *
 * `instanceof` would miss several, which the SDK has no class for (kms-facts.md, "On the wire").
 */
const faults: Readonly<Record<string, FaultRow>> = {
  AccessDeniedException: { code: 'kms_denied', advice: denied },
  CredentialsProviderError: credentials,
  ExpiredTokenException: credentials,
  IncompleteSignatureException: credentials,
  InvalidClientTokenIdException: credentials,
  InvalidSignatureException: credentials,
  MissingAuthenticationTokenException: credentials,
  RequestExpired: credentials,
  RequestInTheFuture: credentials,
  RequestTimeTooSkewed: credentials,
  SignatureDoesNotMatch: credentials,
  UnrecognizedClientException: credentials,
  ThrottlingException: throttled,
  TooManyRequestsException: throttled,
  BudgetWaitError: {
    code: 'kms_throttled',
    advice:
      'the budget has no turn in its maxWait, and KMS was not asked; try again later, or give it more',
    retryable: true,
  },
  BudgetStoreError: {
    code: 'kms_throttled',
    advice: 'the store of the budget does not answer, and KMS was not asked; try again later',
    retryable: true,
  },
  LimitExceededException: throttled,
  NotFoundException: notFound,
  DisabledException: {
    code: 'key_unusable',
    advice: 'the key is disabled; EnableKey brings it back',
  },
  KMSInvalidStateException: {
    code: 'key_unusable',
    advice: 'the key is pending deletion or import; CancelKeyDeletion and EnableKey bring it back',
  },
  InvalidArnException: {
    code: 'key_unusable',
    advice: 'the key is not named by an ARN, key id or alias of KMS',
  },
  InvalidKeyUsageException: { code: 'key_unusable', advice: 'the key was made for another usage' },
  KeyUnavailableException: unavailable,
  KMSInternalException: unavailable,
  InternalFailure: unavailable,
  ServiceUnavailable: unavailable,
  DependencyTimeoutException: unavailable,
  TimeoutError: unavailable,
}

const unexpected: FaultRow = {
  code: 'kms_unexpected',
  advice: 'an answer that this version does not understand',
}

/** Members of the errors of the AWS SDK, and of the network below it. */
interface AwsError {
  readonly name?: string
  readonly message?: string
  readonly code?: unknown
  /** What Node's errors say that it was doing. */
  readonly syscall?: unknown
  /** Of an AggregateError. */
  readonly errors?: readonly AwsError[]
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/**
 * Makes our error of what the AWS SDK threw.
 *
 * The name decides. If it is not known, it matters whether an answer came, and whether it was
 * whole.
 */
export function fromAws(error: unknown, operation: string, key: string): SealdropError {
  const { name = 'Error', message = '' } = (error ?? {}) as AwsError
  // an empty AWS_REGION is not accepted
  const [, why] = /region (is missing|not accepted)/i.exec(message) ?? []
  if (why !== undefined)
    return new SealdropError(
      'invalid_argument',
      `kms: no Region for ${key}${why === 'is missing' ? '' : ', or not the name of one'}; pass kms: { region }, set AWS_REGION, or name the key by its ARN`,
    )
  const fault = faultOf(error, name)
  const { code, retryable = false } = fault
  const advice = adviceOf(fault, error, key)
  return new SealdropError(code, `kms:${operation} on ${key}: ${name}; ${advice}`, {
    retryable,
    cause: error,
  })
}

/** A key id of KMS, also of a multi-Region key. */
const keyId = /^(mrk-[\da-f]{32}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12})$/i

/** What to do. A wrong clock looks like wrong credentials, and an alias without its prefix like a key. */
function adviceOf(fault: FaultRow, error: unknown, key: string): string {
  if (fault === credentials) return clockAdvice(error) ?? fault.advice
  if (fault === notFound && !/^(arn:|alias\/)/.test(key) && !keyId.test(key))
    return `this is no key id, and the name of an alias begins with alias/: did you mean alias/${key}?`
  return fault.advice
}

function faultOf(error: unknown, name: string): FaultRow {
  const known = Object.hasOwn(faults, name) ? faults[name] : undefined
  if (known) return known
  const { code, $metadata } = (error ?? {}) as AwsError
  const status = $metadata?.httpStatusCode
  if (status === undefined && Object(error).name !== 'SyntaxError') return unavailable
  const wasCut = /^(ECONN|EPIPE|ETIMEDOUT)/.test(String(code))
  const isServers = status !== undefined && status >= 500
  return wasCut || isServers ? unavailable : unexpected
}

/** The name of an error, by which AWS's exceptions are known. */
export const nameOf = (error: unknown): string | undefined =>
  (error as AwsError | null | undefined)?.name

/** The name of the AWS error that an error of ours was made of. */
export const awsNameOf = (error: unknown): string | undefined =>
  nameOf((error as Error | null | undefined)?.cause)

/** Whether KMS knows who asks, and says no. */
export const isDenied = (error: unknown): boolean =>
  isSealdropError(error) &&
  error.code === 'kms_denied' &&
  awsNameOf(error) === 'AccessDeniedException'

/** What Node was doing when it failed before there was a connection, so that nothing was asked. */
const connecting: readonly unknown[] = ['connect', 'getaddrinfo']

/** Whether KMS did nothing: it answered with a refusal, or was never asked. */
export function isRefusal(error: unknown): boolean {
  const { name, syscall, $metadata, errors = [] } = (error ?? {}) as AwsError
  const status = $metadata?.httpStatusCode
  if (status !== undefined) return status >= 400 && status < 500
  // a host with several addresses fails with an error for each
  const calls = errors.length > 0 ? errors.map((one) => one.syscall) : [syscall]
  return name === 'CredentialsProviderError' || calls.every((call) => connecting.includes(call))
}
