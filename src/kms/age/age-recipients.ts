import { isP256 } from '../../age/p256.js'
import { ageRecipient } from '../../age/recipient.js'
import { clockOf, ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import { publicMembers } from '../../formats/jwk.js'
import { readInventory } from '../inventory/asked-store.js'
import type { InventoryStore, KeyInventory } from '../inventory/inventory-model.js'
import { publishedKeys } from '../inventory/published-keys.js'
import type { PublishedJwk } from '../inventory/published-jwk.js'

/** The recipients of a company now. */
export interface AgeRecipients {
  /** Each `age1tag…`, one for a purpose, in the order of the inventory. */
  readonly recipients: readonly string[]
  /** The text of `age.txt`, which `age -R` takes. */
  readonly text: string
  /** Until when a copy may be used. */
  readonly expires: Date
}

/** When recipients are asked for. */
export interface AgeRecipientsOptions {
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

const day = 24 * 3_600_000

/**
 * Answers the recipients that stock age seals to, as an inventory has them now.
 *
 * - Only purposes with `age: true` are listed, each with the one key that is sealed to now.
 * - KMS is not called.
 * - Nobody signs the text, and a saved copy does not rotate: see the guide.
 *
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: it is no store of an inventory, or an option is wrong
 * @throws SealdropError while reading:
 *   - `key_not_found`: there is no inventory, or no key of a purpose with `age: true` to seal to
 *   - `source_failed`, `malformed`: the inventory cannot be read, or is damaged
 * @example
 *   ```js
 *   import { ageRecipients } from 'sealdrop/age'
 *   import { fileInventory } from 'sealdrop/kms'
 *   const store = fileInventory('inventory')
 *   const failure = await ageRecipients(store).catch(({ code }) => code)
 *   console.log(failure) // key_not_found
 *   ```
 */
export async function ageRecipients(
  store: InventoryStore,
  o: AgeRecipientsOptions = {},
): Promise<AgeRecipients> {
  return blaming('operator', async () => {
    ensure(
      hasMethods(store, 'read'),
      'invalid_argument',
      'ageRecipients: expected a store such as fileInventory makes',
    )
    const now = clockOf(checkOptions(o, 'now').now)
    const found = await readInventory(store)
    ensure(found, 'key_not_found', 'there is no inventory yet: the publisher makes it')
    return recipientsIn(found.inventory, now())
  })
}

function recipientsIn(inventory: KeyInventory, now: number): AgeRecipients {
  const { purposes, lifetime = day } = inventory
  const listed = purposes
    .filter(({ age }) => age === true)
    .flatMap((purpose) => {
      const [key] = publishedKeys({ ...inventory, purposes: [purpose] }).filter((jwk) =>
        isUsable(jwk, now),
      )
      return key ? { name: purpose.name, key, recipient: ageRecipient(key) } : []
    })
  ensure(
    listed.length > 0,
    'key_not_found',
    'the inventory has no key of a purpose with age: true that is sealed to now',
  )
  const ends = listed.map(({ key }) => (key.exp ?? Infinity) * 1000)
  const expires = new Date(Math.min(now + lifetime, ...ends))
  const lines = listed.flatMap(({ name, recipient }) => [`# ${name}`, recipient])
  const front = [
    '# Recipients for age 1.3 and later: age -R age.txt',
    `# Good until ${expires.toISOString()}. Fetch it again then: a saved copy does not rotate.`,
  ]
  return {
    recipients: listed.map(({ recipient }) => recipient),
    text: `${[...front, ...lines].join('\n')}\n`,
    expires,
  }
}

/** Whether a key is sealed to now, and by age. */
const isUsable = (jwk: PublishedJwk, now: number): boolean =>
  jwk.use === 'enc' &&
  jwk.revoked === undefined &&
  (jwk.nbf ?? -Infinity) * 1000 <= now &&
  (jwk.exp ?? Infinity) * 1000 > now &&
  isP256(publicMembers(jwk))
