import type { JWK } from '../../formats/jwk.js'
import { makeKeys } from '../../keys/key.js'
import { whyNot } from '../../keys/select.js'
import { withoutArn } from '../../stream/plan-message.js'
import { finding, warning, type Finding } from './finding.js'

const check = 'key set: takes files'

/**
 * Looks whether files can be sealed to the set, or values only.
 *
 * - nothing is found of a set that nothing is sealed to: another check tells that
 */
export async function examineFiles(jwks: readonly JWK[], now: number): Promise<readonly Finding[]> {
  const { keys } = await makeKeys(jwks, {})
  const toSeal = keys.filter((key) => whyNot(key, now) === undefined)
  if (toSeal.length === 0) return []
  if (toSeal.some((key) => !withoutArn(key))) return [finding(check)]
  return [
    warning(
      check,
      'values only: a file names RSA keys by their ARNs, and this set has none. For files publish with withArn: true, which shows the account id, let pages pin { thumbprint, arn }, or add a key on a curve',
    ),
  ]
}
