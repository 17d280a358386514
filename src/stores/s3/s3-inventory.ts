import { ensure, hasMethods } from '../../errors/guard.js'
import { nameOf } from '../../kms/port/aws-errors.js'
import { checkInventory, parseInventory } from '../../kms/inventory/check-inventory.js'
import type { InventoryStore } from '../../kms/inventory/inventory-model.js'
import { changed, failed, serialized } from '../../kms/inventory/inventory-text.js'

/** `new S3({})` of `@aws-sdk/client-s3`, as far as it is used here. */
export interface S3Operations {
  getObject(input: { readonly Bucket: string; readonly Key: string }): Promise<{
    readonly Body?: { transformToString(): Promise<string> } | undefined
    readonly ETag?: string | undefined
  }>
  putObject(input: {
    readonly Bucket: string
    readonly Key: string
    readonly Body: string
    readonly ContentType: string
    readonly IfMatch?: string
    readonly IfNoneMatch?: string
  }): Promise<unknown>
}

/**
 * 412 where the tag is another, 409 where another writer is at it, 404 where the object is gone.
 */
const conflicts = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']

/**
 * Keeps the inventory as one S3 object, by conditional writes. Turn versioning of the bucket on, so
 * that old versions stay.
 *
 * @param o.s3 `new S3({})` of `@aws-sdk/client-s3`
 * @returns a store whose verbs throw SealdropError `conflict`, `malformed`, `source_failed`,
 *   `output_failed`
 * @throws SealdropError `invalid_argument`
 */
export function s3Inventory(o: {
  readonly s3: S3Operations
  readonly bucket: string
  readonly key: string
}): InventoryStore {
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
  return {
    async read() {
      const found = await o.s3.getObject(at).catch((error: unknown) => {
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
      const json = await body.transformToString().catch(failed('source_failed', 'cannot be read'))
      return { inventory: parseInventory(json), etag }
    },
    async write(next, etag) {
      const Body = serialized(checkInventory(next, 'invalid_argument'))
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }
      const input = { ...at, Body, ContentType: 'application/json', ...condition }
      await o.s3.putObject(input).catch((error: unknown) => {
        if (conflicts.includes(nameOf(error) ?? '')) throw changed(error)
        failed('output_failed', 'cannot be written')(error)
      })
    },
  }
}
