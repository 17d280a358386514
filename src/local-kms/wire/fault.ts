/**
 * The errors of KMS that this server answers.
 *
 * Clients know those that their model lacks by name.
 */
export type FaultName =
  | 'AccessDeniedException'
  | 'AlreadyExistsException'
  | 'DependencyTimeoutException'
  | 'DisabledException'
  | 'DryRunOperationException'
  | 'ExpiredImportTokenException'
  | 'IncompleteSignatureException'
  | 'IncorrectKeyException'
  | 'IncorrectKeyMaterialException'
  | 'InvalidArnException'
  | 'InvalidCiphertextException'
  | 'InvalidGrantIdException'
  | 'InvalidGrantTokenException'
  | 'InvalidImportTokenException'
  | 'InvalidKeyUsageException'
  | 'InvalidMarkerException'
  | 'InvalidSignatureException'
  | 'KMSInternalException'
  | 'KMSInvalidMacException'
  | 'KMSInvalidSignatureException'
  | 'KMSInvalidStateException'
  | 'LimitExceededException'
  | 'MalformedPolicyDocumentException'
  | 'MissingAuthenticationTokenException'
  | 'NotAuthorizedException'
  | 'NotFoundException'
  | 'RequestEntityTooLargeException'
  | 'SerializationException'
  | 'TagException'
  | 'ThrottlingException'
  | 'UnknownOperationException'
  | 'UnrecognizedClientException'
  | 'UnsupportedOperationException'
  | 'ValidationException'

/** The status of client errors. AWS answers 400, whatever its model says. */
const statuses: Readonly<Partial<Record<FaultName, number>>> = {
  KMSInternalException: 500,
  RequestEntityTooLargeException: 413,
}

/**
 * An error as AWS answers it.
 *
 * The message may be undefined, since some errors have no such member.
 */
export class KmsFault extends Error {
  override readonly name: FaultName
  readonly text: string | undefined

  constructor(name: FaultName, text?: string) {
    super(text)
    this.name = name
    this.text = text
  }

  get status(): number {
    return statuses[this.name] ?? 400
  }

  get body(): string {
    return JSON.stringify({ __type: this.name, message: this.text })
  }
}

/** The fault for what exists in AWS and not here: nothing is done by halves. */
export function unsupported(what: string): KmsFault {
  return new KmsFault(
    'UnsupportedOperationException',
    `${what} is not implemented by Sealdrop's local KMS.`,
  )
}
