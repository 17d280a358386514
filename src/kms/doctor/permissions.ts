import { fitsSignature, signatures, type SignatureName } from '../../algorithms/signatures.js'
import type { DryRunPort, OaepName, Permission } from '../port/dry-run-port.js'
import type { MadeKey } from '../inventory/inventory-model.js'
import { examined, finding, type Finding } from './finding.js'

/** What this machine does with keys. */
export type DoctorRole = 'opener' | 'signer'

/** One call that a role makes with a key, or that it must not be able to make. */
interface Question {
  readonly operation: string
  readonly algorithm: string
  readonly wanted: Permission
  readonly ask: () => Promise<Permission>
}

const states = { opener: ['current', 'next', 'retired'], signer: ['current', 'next'] }

interface PermissionOptions {
  readonly roles: readonly DoctorRole[]
  readonly isEnabled: (arn: string) => Promise<boolean>
  readonly signal: AbortSignal | undefined
}

/**
 * Asks KMS whether these credentials may do what the roles do, and no more.
 *
 * It asks by DryRun, which does nothing.
 */
export async function examinePermissions(
  port: DryRunPort,
  keys: readonly MadeKey[],
  { roles, isEnabled, signal }: PermissionOptions,
): Promise<readonly Finding[]> {
  const uses = roles.flatMap((role) => usesOf(role, keys))
  const found = uses.map(async (use) =>
    (await isEnabled(use.arn)) ? examineUse(port, use, signal) : [],
  )
  return (await Promise.all(found)).flat()
}

/** The keys and replicas that a role must be able to use. */
function usesOf(role: DoctorRole, keys: readonly MadeKey[]): readonly Use[] {
  const isForRole = ({ state, usage }: MadeKey): boolean =>
    states[role].includes(state) && (usage === 'SIGN_VERIFY') === (role === 'signer')
  return keys
    .filter(isForRole)
    .flatMap((key) => key.arns.map((arn) => ({ ...key, arn, role, writtenBy: role })))
}

/** One key, and for which role it is asked. */
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
  const asked = questions[use.usage](port, use, signal)
  const findings = await Promise.all(asked.map((question) => answered(question, use)))
  return findings.flat()
}

function answered(question: Question, { arn, role, writtenBy }: Use): Promise<readonly Finding[]> {
  const { operation, algorithm, wanted, ask } = question
  const isWanted = wanted === 'allowed'
  const check = `${role}: ${isWanted ? 'may' : 'may not'} ${operation} with ${algorithm} (${arn})`
  const policies = `keyPolicy({ role: '${writtenBy}', … }) writes`
  const wrong = isWanted
    ? `KMS denies it: the key policy and, from another account, the IAM policy of these credentials must both allow kms:${operation}; ${policies} them. A change takes up to five minutes`
    : `KMS allows it, which nobody needs: narrow the policies with the condition that ${policies}`
  return examined(check, async () => {
    const found = await ask()
    return found === wanted ? finding(check) : finding(check, wrong)
  })
}

const oaepNames: readonly (readonly [OaepName, Permission])[] = [
  ['RSAES_OAEP_SHA_256', 'allowed'],
  ['RSAES_OAEP_SHA_1', 'denied'],
]
type Asking = (port: DryRunPort, use: Use, signal?: AbortSignal) => readonly Question[]
const questions: Readonly<Record<MadeKey['usage'], Asking>> = {
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
