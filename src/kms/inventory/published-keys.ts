import { limits } from '../../algorithms/limits.js'
import { utf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'
import { jwkFor, type PublishedJwk } from '../published-jwk.js'
import { isMade, type InventoryKey, type KeyInventory, type MadeKey } from './model.js'

const order: readonly InventoryKey['state'][] = ['current', 'next', 'retired']
const seconds = (date: string): number => Math.floor(new Date(date).getTime() / 1000)

/**
 * Bytes of a JWK, at most: a public key of ML-DSA-87 has 3,456 in base64url, one of RSA-4096 683.
 */
const sizeOf = (spec: string): number => (spec.startsWith('ML_DSA') ? 4_000 : 1_200)
/** Bytes of header, other claims and a signature of ML-DSA-87, in base64url. */
const around = 8_000

/**
 * Whether the set has room for so many keys more, also as a signed one.
 *
 * @throws SealdropError `too_large`
 */
export function ensureRoom(inventory: KeyInventory, spec: string, more: number): void {
  const keys = publishedKeys(inventory)
  const bytes =
    Math.ceil(((JSON.stringify({ keys }).length + more * sizeOf(spec)) * 4) / 3) + around
  const why =
    keys.length + more > limits.keys
      ? `${limits.keys} keys`
      : bytes > limits.keySet
        ? `${limits.keySet} bytes`
        : ''
  ensure(
    why === '',
    'too_large',
    `the key set would have more than ${why}, which no client takes: shorten keepDays of a purpose, or rotate less often`,
  )
}

/**
 * Whether verifiers and sealers take a document: of what is too large for them nobody would hear
 * why.
 *
 * @throws SealdropError `too_large`
 */
export function ensureTaken(document: string, keys: number, history: boolean): void {
  const [what, most, bytes, instead] = history
    ? [
        'history',
        limits.historyKeys,
        limits.history,
        'go on in a new inventory, whose history has another `name`',
      ]
    : ['key set', limits.keys, limits.keySet, 'publish some of the keys under another name']
  const size = utf8(document).length
  ensure(
    keys <= most && size <= bytes,
    'too_large',
    `the ${what} has ${keys} keys and ${size} bytes; clients take ${most} keys and ${bytes} bytes: ${instead}`,
  )
}

/**
 * The keys that stand in the set now: purposes in their order, of each the current key first, then
 * the retired ones, the newest first.
 */
export function publishedKeys({ purposes, keys }: KeyInventory): readonly PublishedJwk[] {
  const isPublished = (key: InventoryKey): key is MadeKey =>
    isMade(key) &&
    order.includes(key.state) &&
    key.published !== undefined &&
    key.unpublished === undefined
  return purposes.flatMap(({ name, withArn }) =>
    keys
      .filter(isPublished)
      .filter(({ purpose }) => purpose === name)
      .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || newestFirst(a, b))
      .map((key) => publishedJwk(key, withArn)),
  )
}

/**
 * Every signing key that ever stood in the set, whatever became of it: what old signatures are
 * verified with. The newest first.
 */
export function historyKeys({ keys }: KeyInventory): readonly PublishedJwk[] {
  return keys
    .filter(isMade)
    .filter(({ usage, published }) => usage === 'SIGN_VERIFY' && published !== undefined)
    .sort(newestFirst)
    .map((key) => publishedJwk(key, false))
}

const newestFirst = (a: MadeKey, b: MadeKey): number => seconds(b.made) - seconds(a.made)

const publishedJwk = (
  { jwk, thumbprint, alg, usage, made, starts, expires, revoked, arns: [arn] }: MadeKey,
  withArn: boolean | undefined,
): PublishedJwk =>
  jwkFor(jwk, {
    kid: thumbprint,
    use: usage === 'SIGN_VERIFY' ? 'sig' : 'enc',
    alg,
    iat: seconds(made),
    ...(starts !== undefined && usage !== 'SIGN_VERIFY' && { nbf: seconds(starts) }), // of a signing key it would be in the way of whoever verifies
    ...(expires !== undefined && { exp: seconds(expires) }),
    ...(revoked && { revoked: { revoked_at: seconds(revoked.at), reason: revoked.reason } }),
    ...(withArn && arn !== undefined && { kms_arn: arn }),
  })
