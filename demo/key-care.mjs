// What the publisher does with the company's keys: it plans and rotates, and people end keys by
// hand.
import { GetKeyLastUsageCommand } from '@aws-sdk/client-kms'
import {
  applyRotation,
  deleteKey,
  planRotation,
  publicJwk,
  restoreKey,
  retireKey,
  revokeKey,
} from 'sealdrop/kms'

const every = 'P3M'
/** @type {import('sealdrop/kms').KeyState[]} */
const order = ['current', 'next', 'making', 'retired', 'disabled', 'deleting', 'deleted']

/** By state, then the newest first. */
const newestOfState = (a, b) =>
  order.indexOf(a.state) - order.indexOf(b.state) || (b.made > a.made ? 1 : -1)

/** @param {import('sealdrop/kms').InventoryStore} store */
async function inventoryOf(store) {
  const held = await store.read()
  if (!held) throw new Error('there is no inventory')
  return held.inventory
}

/**
 * @param {object} o
 * @param {import('@aws-sdk/client-kms').KMSClient} o.kms
 * @param {import('sealdrop/kms').InventoryStore} o.store - the inventory
 * @param {string} o.root - alias of the key that signs the set
 * @param {() => number} o.now
 * @returns `overview()` for people, and what can be done: `rotate`, `retire`, `revoke`, `delete`,
 *   `restore`, each answers what came of it
 */
export function createKeyCare({ kms, store, root, now }) {
  const on = (key, more) => ({ kms, store, now, key, ...more })
  const planOf = (inventory, at) => planRotation(inventory, { now: at, every })
  let rootKey

  async function overview() {
    const inventory = await inventoryOf(store)
    const keys = (await Promise.all(inventory.keys.map(described))).sort(newestOfState)
    const { kid } = await (rootKey ??= publicJwk({ kms, key: root }))
    const at = new Date(now()) // read once: a step that is due says this very time
    return {
      now: at,
      root: { alias: root, thumbprint: kid },
      purposes: inventory.purposes.map((purpose) => ({
        ...purpose,
        keys: keys.filter((key) => key.purpose === purpose.name),
      })),
      ...planOf(inventory, at),
    }
  }

  /**
   * A key without what people need not see, which is its public half and the token of its making.
   *
   * @param {import('sealdrop/kms').InventoryKey} key
   */
  async function described({ jwk: _jwk, token: _token, ...key }) {
    const gone = key.state === 'deleting' && new Date(key.deletes ?? Infinity).getTime() <= now()
    return {
      ...key,
      ...(gone && { state: 'deleted' }),
      lastUse: gone || !key.arns ? undefined : await lastUse(key.arns[0]),
    }
  }

  /** When the key was last used: null where it never was, undefined where KMS does not say. */
  async function lastUse(arn) {
    try {
      const { KeyLastUsage: last } = await kms.send(new GetKeyLastUsageCommand({ KeyId: arn }))
      return last?.Timestamp ? { at: last.Timestamp, operation: last.Operation } : null
    } catch {
      return undefined
    }
  }

  const rotate = async () =>
    applyRotation(planOf(await inventoryOf(store), new Date(now())), { kms, store, now })

  /**
   * Takes a key back with which somebody else may sign, so that nothing it signed counts by its
   * date. The rotation moves the alias to the key that took its place.
   */
  async function revoke({ key }) {
    const revoked = await revokeKey({ store, now, key, reason: 'compromised', withdraw: true })
    await rotate()
    return revoked
  }

  return {
    overview,
    rotate,
    revoke,
    retire: ({ key, keepUntil, disable }) =>
      retireKey(
        on(key, {
          disable: disable === true,
          ...(keepUntil !== undefined && {
            keepUntil: new Date(typeof keepUntil === 'string' ? keepUntil : NaN),
          }),
        }),
      ),
    delete: ({ key, confirm }) => deleteKey(on(key, { confirm })),
    restore: ({ key }) => restoreKey(on(key)),
  }
}
