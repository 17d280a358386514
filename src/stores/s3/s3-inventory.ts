import { ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import { nameOf } from '../../kms/port/aws-errors.js'
import { checkInventory, parseInventory } from '../../kms/inventory/check-inventory.js'
import type { InventoryStore } from '../../kms/inventory/inventory-model.js'
import { blamingStore, changed, failed, serialized } from '../../kms/inventory/inventory-text.js'

/** What is used here of `new S3({})` of `@aws-sdk/client-s3`. */
export interface S3Operations {
  /** Reads the object with its ETag. */
  getObject(input: { readonly Bucket: string; readonly Key: string }): Promise<{
    readonly Body?: { transformToString(): Promise<string> } | undefined
    readonly ETag?: string | undefined
  }>
  /** Writes the object under a condition. */
  putObject(input: {
    readonly Bucket: string
    readonly Key: string
    readonly Body: string
    readonly ContentType: string
    readonly IfMatch?: string
    readonly IfNoneMatch?: string
  }): Promise<unknown>
}

/** The names of 412 (another tag), 409 (another writer is at it) and 404 (the object is gone). */
const conflicts = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']

/**
 * Keeps the inventory as one object of S3, by conditional writes.
 *
 * - Turn versioning of the bucket on, so that old versions stay.
 *
 * @param o.s3 - `new S3({})` of `@aws-sdk/client-s3` 3.729 or later, which sends the condition of a
 *   write. An older one leaves it out
 * @param o.bucket - name of the bucket
 * @param o.key - name of the object
 * @returns a store for `planRotation`, `createPublisher` and `createOpener`
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: an option is missing or wrong
 * @throws SealdropError while reading, by `read()`:
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError while writing, by `write()`:
 *   - `invalid_argument`: what is written is not an inventory
 *   - `conflict`: another writer was first: read again, and repeat
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { S3 } from '@aws-sdk/client-s3'
 *   import { s3Inventory } from 'sealdrop/kms'
 *   const kind = { use: 'enc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
 *   const purposes = [{ name: 'orders', alias: 'alias/orders', ...kind }]
 *   const store = s3Inventory({ s3: new S3({}), bucket: 'shop-keys', key: 'keys.json' })
 *   if (!(await store.read())) await store.write({ version: 1, counter: 0, purposes, keys: [] })
 *   const { inventory } = await store.read()
 *   console.log(inventory.purposes[0].name) // orders
 *   ```
 */
export function s3Inventory(o: {
  readonly s3: S3Operations
  readonly bucket: string
  readonly key: string
}): InventoryStore {
  return blamingNow(() => storeIn(o))
}

function storeIn(o: Parameters<typeof s3Inventory>[0]): InventoryStore {
  checkOptions(o, 's3 bucket key')
  ensure(
    hasMethods(o?.s3, 'getObject', 'putObject'),
    'invalid_argument',
    's3: expected new S3({}) of @aws-sdk/client-s3',
  )
  ensure(
    [o.bucket, o.key].every((name) => typeof name === 'string' && name !== ''),
    'invalid_argument',
    'bucket and key: expected text',
  )
  const at = { Bucket: o.bucket, Key: o.key }
  return blamingStore({
    async read() {
      const asking = async (): ReturnType<S3Operations['getObject']> => o.s3.getObject(at)
      const found = await asking().catch((error: unknown) => {
        if (nameOf(error) === 'NoSuchKey') return undefined
        return failed('source_failed', 'cannot be read')(error)
      })
      if (!found) return undefined
      const { Body: body, ETag: etag } = found
      ensure(
        body && etag,
        'source_failed',
        'the inventory cannot be read: S3 answered without body or ETag',
      )
      const reading = async (): Promise<string> => body.transformToString()
      const json = await reading().catch(failed('source_failed', 'cannot be read'))
      return { inventory: parseInventory(json), etag }
    },
    async write(next, etag) {
      const Body = serialized(checkInventory(next, 'invalid_argument'))
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }
      const input = { ...at, Body, ContentType: 'application/json', ...condition }
      const writing = async (): Promise<unknown> => o.s3.putObject(input)
      await writing().catch((error: unknown) => {
        if (conflicts.includes(nameOf(error) ?? '')) throw changed(error)
        failed('output_failed', 'cannot be written')(error)
      })
    },
  })
}
