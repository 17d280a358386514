import { ensure, shown } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { jwkFor, type PublishedJwk } from '../inventory/published-jwk.js'
import { loadKey } from '../port/load-key.js'
import type { KmsPort } from '../port/port.js'

/** A key that a publisher is told to publish. */
export interface PublishedKey {
  /** ARN, key id or alias. */
  readonly key: string
  /** What the key is for. Default: what KMS says; another use than that is refused. */
  readonly use?: 'enc' | 'sig'
  /** The JOSE name of the one algorithm of an RSA signing key. Default: PS256. */
  readonly alg?: string
  /**
   * Publishes the ARN too, which shows the account id. Default: false.
   *
   * - Without it an RSA key takes values only: a file names its RSA keys by their ARNs.
   * - Keys on a curve take files without it.
   */
  readonly withArn?: boolean
}

/**
 * The keys of a configuration that are enabled.
 *
 * - one RSA key may stand once for each of its algorithms
 * - named twice for one algorithm it stands once, with its ARN where a row asks for that
 */
export async function configuredJwks(
  port: KmsPort,
  keys: readonly PublishedKey[],
  published: Set<string>,
): Promise<readonly PublishedJwk[]> {
  const asked = await Promise.all(keys.map((row) => publishedJwk(port, row, published)))
  const found = asked.filter((jwk) => jwk !== undefined)
  const rowsOf = ({ kid, alg }: PublishedJwk): readonly PublishedJwk[] =>
    found.filter((other) => other.kid === kid && other.alg === alg)
  return found
    .filter((jwk) => rowsOf(jwk)[0] === jwk)
    .map((jwk) => rowsOf(jwk).find(({ kms_arn: arn }) => arn !== undefined) ?? jwk)
}

/** One key, or undefined where it is not enabled, or is gone since it was published. */
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
