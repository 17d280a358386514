import { SealdropError } from '../errors/sealdrop-error.js'
import type { InventoryStore } from '../doors/kms.js'
import { dynamoDbClient, s3Client, type AwsArguments } from './aws-clients.js'

type OpenStore = (host: string, path: string, o: AwsArguments) => Promise<InventoryStore>

/** Opens an inventory by the scheme of its name. */
const stores: Readonly<Record<string, OpenStore>> = {
  async s3(bucket, key, o) {
    const s3 = await s3Client(o)
    const { s3Inventory } = await import('../doors/kms.js')
    return s3Inventory({ s3, bucket, key })
  },
  async dynamodb(table, id, o) {
    const dynamoDb = await dynamoDbClient(o)
    const { dynamoDbInventory } = await import('../doors/kms.js')
    const item = id === '' ? {} : { id }
    return dynamoDbInventory({ dynamoDb, table, ...item })
  },
}

/**
 * The store of an inventory by its name.
 *
 * A name is a folder, `s3://bucket/key`, `dynamodb://table` or `dynamodb://table/id`.
 *
 * @throws SealdropError `invalid_argument`, also where AWS's client is not installed
 */
export async function openInventory(where: string, o: AwsArguments = {}): Promise<InventoryStore> {
  const [, scheme, host = '', path = ''] = /^(\w+):\/\/([^/]+)\/?(.*)$/s.exec(where) ?? []
  if (scheme === undefined) {
    const { fileInventory } = await import('../doors/kms.js')
    return fileInventory(where)
  }
  const open = Object.hasOwn(stores, scheme) ? stores[scheme] : undefined
  if (!open || (scheme === 's3' && path === ''))
    throw new SealdropError(
      'invalid_argument',
      `--inventory ${where}: expected a folder, s3://bucket/key or dynamodb://table/id`,
    )
  return open(host, path, o)
}
