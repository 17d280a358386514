import type { PublicMembers } from '../algorithms/public-key.js'
import { ensure, shown } from '../errors/guard.js'
import { isSealdropError } from '../errors/sealdrop-error.js'
import type { JwkStatements } from '../formats/jwk.js'
import { loadKey } from './load-key.js'
import type { KmsPort } from './port.js'

/** A key to publish. */
export interface PublishedKey {
  /** ARN, key id or alias. */
  readonly key: string
  /** Checked against the key's own usage. */
  readonly use?: 'enc' | 'sig'
  /** Of an RSA signing key, its one algorithm. Default: PS256. */
  readonly alg?: string
  /**
   * Publish the ARN too, which shows the account id; streams to RSA keys need it. Default: false.
   */
  readonly withArn?: boolean
}

export type PublishedJwk = JwkStatements & {
  readonly kid: string
  readonly key_ops: readonly string[]
}

const keyOps = { RSA: ['encrypt', 'wrapKey'], EC: [], OKP: [], AKP: [] }

/** The keys of a configuration that are enabled, each once. @throws SealdropError */
export async function configuredJwks(
  port: KmsPort,
  keys: readonly PublishedKey[],
  published: Set<string>,
): Promise<readonly PublishedJwk[]> {
  const asked = await Promise.all(keys.map((row) => publishedJwk(port, row, published)))
  const found = asked.filter((jwk) => jwk !== undefined)
  return found.filter(({ kid }, i) => found.findIndex((other) => other.kid === kid) === i)
}

/**
 * One key, or undefined where it must not be published: not enabled, or gone since it was
 * published.
 */
async function publishedJwk(
  port: KmsPort,
  { key, use, alg, withArn = false }: PublishedKey,
  published: Set<string>,
): Promise<PublishedJwk | undefined> {
  const unlessGone = (error: unknown): undefined => {
    if (!published.has(key) || !isSealdropError(error) || error.code !== 'key_unusable') throw error
  }
  const described = await port.describe(key).catch(unlessGone)
  if (described?.state !== 'Enabled') return undefined
  const { arn, created } = described
  const loaded = await loadKey(port, arn, alg).catch(unlessGone)
  if (!loaded) return undefined
  const { info, jwk } = loaded
  ensure(
    use === undefined || use === info.use,
    'invalid_argument',
    `use ${shown(use ?? '')}: ${key} is for ${info.use}`,
  )
  published.add(key)
  return jwkFor(jwk, {
    kid: info.thumbprint,
    use: info.use,
    alg: info.alg,
    ...(created && { iat: Math.floor(created.getTime() / 1000) }),
    ...(withArn && { kms_arn: arn }),
  })
}

/** A JWK of a set (RFC 7517 §4), its operations by its use. */
export function jwkFor(
  jwk: PublicMembers,
  stated: Omit<JwkStatements, 'key_ops'> & { readonly kid: string; readonly use: 'enc' | 'sig' },
): PublishedJwk {
  const { kid, use, ...others } = stated
  const operations = use === 'sig' ? ['verify'] : keyOps[jwk.kty]
  return { ...jwk, kid, use, key_ops: operations, ...others }
}
