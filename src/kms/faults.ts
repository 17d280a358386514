import { SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'

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
 * AWS's exceptions by name: several are not modelled, so that `instanceof` would miss them
 * (kms-facts.md, "On the wire").
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
  SignatureDoesNotMatch: credentials,
  UnrecognizedClientException: credentials,
  ThrottlingException: throttled,
  TooManyRequestsException: throttled,
  LimitExceededException: throttled,
  NotFoundException: {
    code: 'key_unusable',
    advice:
      'KMS knows no such key here: look at the account, the Region and the spelling, or whether it was deleted',
  },
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

/**
 * Our error for what the AWS SDK threw: its name decides, then whether any answer came at all, and
 * whole: a cut one has a status too.
 */
export function fromAws(error: unknown, operation: string, key: string): SealdropError {
  const {
    name = 'Error',
    code: cause,
    message = '',
    $metadata,
  } = (error ?? {}) as {
    name?: string
    code?: unknown
    message?: string
    $metadata?: { httpStatusCode?: number }
  }
  const status = $metadata?.httpStatusCode
  if (/region is missing/i.test(message))
    return new SealdropError(
      'invalid_argument',
      `kms: no Region for ${key}; pass kms: { region }, set AWS_REGION, or name the key by its ARN`,
    )
  const unanswered =
    (status === undefined && !(error instanceof SyntaxError)) ||
    /^(ECONN|EPIPE|ETIMEDOUT)/.test(String(cause))
  const known = Object.hasOwn(faults, name)
    ? faults[name]
    : unanswered || (status ?? 0) >= 500
      ? unavailable
      : undefined
  const {
    code,
    advice,
    retryable = false,
  } = known ?? {
    code: 'kms_unexpected' as const,
    advice: 'an answer that this version does not understand',
  }
  return new SealdropError(code, `kms:${operation} on ${key}: ${name}; ${advice}`, {
    retryable,
    cause: error,
  })
}
