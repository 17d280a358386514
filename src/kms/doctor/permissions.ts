import { fitsSignature, signatures, type SignatureName } from '../../algorithms/signatures.js'
import type { DryRunPort, OaepName, Permission } from '../dry-run-port.js'
import type { MadeKey } from '../inventory/model.js'
import { examined, finding, type Finding } from './finding.js'

/** Who is to be able to do what from here. */
export type DoctorRole = 'opener' | 'signer'

/** One call that a role makes with a key, or that it must not be able to make. */
interface Question {
  readonly operation: string
  readonly algorithm: string
  readonly wanted: Permission
  readonly ask: () => Promise<Permission>
}

const states = { opener: ['current', 'next', 'retired'], signer: ['current', 'next'] }

/**
 * Asks KMS by DryRun, which does nothing, whether these credentials may do what the roles do, and
 * no more.
 */
export async function examinePermissions(
  port: DryRunPort,
  keys: readonly MadeKey[],
  {
    roles,
    isEnabled,
    signal,
  }: {
    readonly roles: readonly DoctorRole[]
    readonly isEnabled: (arn: string) => Promise<boolean>
    readonly signal: AbortSignal | undefined
  },
): Promise<readonly Finding[]> {
  const found = roles.flatMap((role) =>
    keys
      .filter(
        ({ state, usage }) =>
          states[role].includes(state) && (usage === 'SIGN_VERIFY') === (role === 'signer'),
      )
      .flatMap((key) =>
        key.arns.map(async (arn) =>
          (await isEnabled(arn))
            ? examineUse(port, { ...key, arn, role, writtenBy: role }, signal)
            : [],
        ),
      ),
  )
  return (await Promise.all(found)).flat()
}

/** What is asked of one key. */
interface Use extends Pick<MadeKey, 'usage' | 'jwk' | 'alg'> {
  readonly arn: string
  readonly role: string
  /** The role of keyPolicy that writes what is wanted. */
  readonly writtenBy: DoctorRole
}

export async function examineUse(
  port: DryRunPort,
  use: Use,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const { arn, role, writtenBy } = use
  return (
    await Promise.all(
      questions[use.usage](port, use, signal).map(({ operation, algorithm, wanted, ask }) => {
        const check = `${role}: ${wanted === 'allowed' ? 'may' : 'may not'} ${operation} with ${algorithm} (${arn})`
        return examined(check, async () =>
          finding(
            check,
            (await ask()) !== wanted &&
              (wanted === 'allowed'
                ? `KMS denies it: the key policy and, from another account, the IAM policy of these credentials must both allow kms:${operation}; keyPolicy({ role: '${writtenBy}', … }) writes them. A change takes up to five minutes`
                : `KMS allows it, which nobody needs: narrow the policies with the condition that keyPolicy({ role: '${writtenBy}', … }) writes`),
          ),
        )
      }),
    )
  ).flat()
}

const oaepNames: readonly (readonly [OaepName, Permission])[] = [
  ['RSAES_OAEP_SHA_256', 'allowed'],
  ['RSAES_OAEP_SHA_1', 'denied'],
]
const questions: Readonly<
  Record<
    MadeKey['usage'],
    (port: DryRunPort, use: Use, signal?: AbortSignal) => readonly Question[]
  >
> = {
  ENCRYPT_DECRYPT: (port, { arn, jwk }, signal) =>
    oaepNames.map(([algorithm, wanted]) => ({
      operation: 'Decrypt',
      algorithm,
      wanted,
      ask: () => port.mayDecrypt(arn, jwk, algorithm, signal),
    })),
  KEY_AGREEMENT: (port, { arn, jwk }, signal) => [
    {
      operation: 'DeriveSharedSecret',
      algorithm: 'ECDH',
      wanted: 'allowed',
      ask: () => port.mayAgree(arn, jwk, signal),
    },
  ],
  SIGN_VERIFY: (port, { arn, jwk, alg }, signal) =>
    (Object.keys(signatures) as SignatureName[])
      .filter((name) => fitsSignature(jwk, name))
      .map((name) => ({
        operation: 'Sign',
        algorithm: signatures[name].kms,
        wanted: name === alg ? 'allowed' : 'denied',
        ask: () => port.maySign(arn, name, signal),
      })),
}
