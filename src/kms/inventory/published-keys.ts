import { jwkFor, type PublishedJwk } from '../published-jwk.js'
import { isMade, type InventoryKey, type KeyInventory, type MadeKey } from './model.js'

const order: readonly InventoryKey['state'][] = ['current', 'next', 'retired']
const seconds = (date: string): number => Math.floor(new Date(date).getTime() / 1000)

/** The keys that stand in the set now: purposes in their order, of each the current key first, then the retired ones, the newest first. */
export function publishedKeys({ purposes, keys }: KeyInventory): readonly PublishedJwk[] {
  const isPublished = (key: InventoryKey): key is MadeKey => isMade(key) && order.includes(key.state) && key.published !== undefined && key.unpublished === undefined
  return purposes.flatMap(({ name, withArn }) => keys.filter(isPublished).filter(({ purpose }) => purpose === name)
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || seconds(b.made) - seconds(a.made))
    .map(({ jwk, thumbprint, alg, usage, made, starts, expires, arns: [arn] }) => jwkFor(jwk, {
      kid: thumbprint, use: usage === 'SIGN_VERIFY' ? 'sig' : 'enc', alg, iat: seconds(made),
      ...(starts !== undefined && usage !== 'SIGN_VERIFY' && { nbf: seconds(starts) }), // of a signing key it would be in the way of whoever verifies
      ...(expires !== undefined && { exp: seconds(expires) }),
      ...(withArn && arn !== undefined && { kms_arn: arn }),
    })))
}
