/**
 * Errors of KMS that this server answers. Those that the client's model lacks are matched by name
 * there.
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

/** The real service answers every client error with 400, whatever its model says. */
const statuses: Readonly<Partial<Record<FaultName, number>>> = {
  KMSInternalException: 500,
  RequestEntityTooLargeException: 413,
}

/**
 * An error as AWS answers it. Some have no `message` member at all, which is why it may be
 * undefined.
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

/** What is missing here but exists in AWS: never done by halves. */
export function unsupported(what: string): KmsFault {
  return new KmsFault(
    'UnsupportedOperationException',
    `${what} is not implemented by Sealdrop's local KMS.`,
  )
}
