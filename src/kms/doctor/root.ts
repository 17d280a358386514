import type { JWK } from '../../formats/jwk.js'
import { thumbprintOf } from '../../keys/key.js'
import type { OpenerKey } from '../../open/opener-key.js'
import type { DryRunPort } from '../port/dry-run-port.js'
import { loadKey } from '../port/load-key.js'
import { examined, finding, type Finding } from './finding.js'
import { examineUse } from './permissions.js'

export interface ExaminedRoot {
  /** The public half of the root, where it is there and signs. */
  readonly jwk?: JWK
  readonly findings: readonly Finding[]
}

/** Looks at the root as the publisher uses it. */
export async function examineRoot(
  port: DryRunPort,
  root: string,
  roots: readonly JWK[] | undefined,
  signal: AbortSignal,
): Promise<ExaminedRoot> {
  const check = `root: is there and signs (${root})`
  try {
    const key = await loadKey(port, root, undefined, signal)
    const { arn, jwk, info } = key
    const { alg, use, thumbprint } = info
    if (use !== 'sig') {
      const advice = 'it encrypts; a root is a key with the usage SIGN_VERIFY'
      return { findings: [finding(check, advice)] }
    }
    const known = await examineKnown(key, roots)
    const publisher = { role: 'publisher', writtenBy: 'signer' } as const
    const using = { usage: 'SIGN_VERIFY', jwk, alg, arn, ...publisher } as const
    const permissions = await examineUse(port, using, signal)
    return {
      jwk: { ...jwk, kid: thumbprint, use, alg },
      findings: [finding(check), known, ...permissions],
    }
  } catch (error) {
    return { findings: await examined(check, () => Promise.reject(error)) }
  }
}

async function examineKnown(
  { info: { thumbprint } }: OpenerKey,
  roots: readonly JWK[] | undefined,
): Promise<Finding> {
  const check = 'root: pages know it'
  if (!roots) return finding(check)
  const given = await Promise.all(roots.map(thumbprintOf))
  if (given.includes(thumbprint)) return finding(check)
  return finding(
    check,
    `it is ${thumbprint}, pages have ${given.join(', ')}: pages with both come first, then the publisher changes its root`,
  )
}
