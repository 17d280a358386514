import { limits } from '../../algorithms/limits.js'
import { utf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'
import { jwkFor, type PublishedJwk } from './published-jwk.js'
import { isMade, type InventoryKey, type KeyInventory, type MadeKey } from './inventory-model.js'

const order: readonly InventoryKey['state'][] = ['current', 'next', 'retired']
const seconds = (date: string): number => Math.floor(new Date(date).getTime() / 1000)

/**
 * The most bytes that a JWK has.
 *
 * In base64url a public key of ML-DSA-87 has 3,456 bytes, one of RSA-4096 has 683.
 */
const sizeOf = (spec: string): number => (spec.startsWith('ML_DSA') ? 4_000 : 1_200)
/** The bytes of header, other claims and a signature of ML-DSA-87, in base64url. */
const around = 8_000

/**
 * Checks that the set has room for so many more keys, also as a signed one.
 *
 * @throws SealdropError `too_large`
 */
export function ensureRoom(inventory: KeyInventory, spec: string, more: number): void {
  const keys = publishedKeys(inventory)
  const payload = JSON.stringify({ keys }).length + more * sizeOf(spec)
  const bytes = Math.ceil((payload * 4) / 3) + around
  const tooMuch = [
    ...(keys.length + more > limits.keys ? [`${limits.keys} keys`] : []),
    ...(bytes > limits.keySet ? [`${limits.keySet} bytes`] : []),
  ]
  ensure(
    tooMuch.length === 0,
    'too_large',
    `the key set would have more than ${tooMuch[0]}, which no client takes: shorten keepDays of a purpose, or rotate less often`,
  )
}

const bounds = {
  keySet: {
    what: 'key set',
    most: limits.keys,
    bytes: limits.keySet,
    instead: 'publish some of the keys under another name',
  },
  history: {
    what: 'history',
    most: limits.historyKeys,
    bytes: limits.history,
    instead: 'go on in a new inventory, whose history has another `name`',
  },
}

/**
 * Checks that sealers and verifiers take a document.
 *
 * They refuse one that is too large, and the publisher would not hear of it.
 *
 * @throws SealdropError `too_large`
 */
export function ensureTaken(document: string, keys: number, isHistory: boolean): void {
  const { what, most, bytes, instead } = isHistory ? bounds.history : bounds.keySet
  const size = utf8(document).length
  ensure(
    keys <= most && size <= bytes,
    'too_large',
    `the ${what} has ${keys} keys and ${size} bytes; clients take ${most} keys and ${bytes} bytes: ${instead}`,
  )
}

/**
 * The keys that stand in the set now, by purpose in the order of the inventory.
 *
 * Of each purpose the current key comes first, then the next one, then the retired ones, of which
 * the newest is first.
 */
export function publishedKeys({ purposes, keys }: KeyInventory): readonly PublishedJwk[] {
  const published = keys.filter(isMade).filter(isPublished)
  return purposes.flatMap(({ name, withArn }) =>
    published
      .filter(({ purpose }) => purpose === name)
      .sort(inOrder)
      .map((key) => publishedJwk(key, withArn)),
  )
}

const isPublished = ({ state, published, unpublished }: MadeKey): boolean =>
  order.includes(state) && published !== undefined && unpublished === undefined

/**
 * Every signing key that ever stood in the set, whatever became of it, the newest first.
 *
 * Old signatures are verified with them.
 */
export function historyKeys({ keys }: KeyInventory): readonly PublishedJwk[] {
  return keys
    .filter(isMade)
    .filter(({ usage, published }) => usage === 'SIGN_VERIFY' && published !== undefined)
    .sort(newestFirst)
    .map((key) => publishedJwk(key, false))
}

const newestFirst = (a: MadeKey, b: MadeKey): number => seconds(b.made) - seconds(a.made)
const inOrder = (a: MadeKey, b: MadeKey): number =>
  order.indexOf(a.state) - order.indexOf(b.state) || newestFirst(a, b)

/** A key as a row of the set. */
export function publishedJwk(key: MadeKey, withArn: boolean | undefined): PublishedJwk {
  const { usage, starts, expires, revoked } = key
  const [arn] = key.arns
  const isSigning = usage === 'SIGN_VERIFY'
  // verifiers need a signing key before it signs, so that it has no nbf
  const isDated = starts !== undefined && !isSigning
  return jwkFor(key.jwk, {
    kid: key.thumbprint,
    use: isSigning ? 'sig' : 'enc',
    alg: key.alg,
    iat: seconds(key.made),
    ...(isDated && { nbf: seconds(starts) }),
    ...(expires !== undefined && { exp: seconds(expires) }),
    ...(revoked && { revoked: { revoked_at: seconds(revoked.at), reason: revoked.reason } }),
    ...(withArn && arn !== undefined && { kms_arn: arn }),
  })
}
