import { SealdropError } from '../errors/sealdrop-error.js'
import { withPeer } from '../kms/port/peer.js'
import type { InventoryStore } from '../doors/kms.js'

/**
 * Opens an inventory by the scheme of its name.
 *
 * The clients of AWS are those that the user installed. They are loaded when they are needed.
 */
const stores: Readonly<Record<string, (host: string, path: string) => Promise<InventoryStore>>> = {
  async s3(bucket, key) {
    const { S3 } = await withPeer('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
    const { s3Inventory } = await import('../doors/kms.js')
    return s3Inventory({ s3: new S3({}), bucket, key })
  },
  async dynamodb(table, id) {
    const { DynamoDB } = await withPeer(
      '@aws-sdk/client-dynamodb',
      () => import('@aws-sdk/client-dynamodb'),
    )
    const { dynamoDbInventory } = await import('../doors/kms.js')
    const item = id === '' ? {} : { id }
    return dynamoDbInventory({ dynamoDb: new DynamoDB({}), table, ...item })
  },
}

/**
 * The store of an inventory by its name.
 *
 * A name is a folder, `s3://bucket/key`, `dynamodb://table` or `dynamodb://table/id`.
 *
 * @throws SealdropError `invalid_argument`, also where AWS's client is not installed
 */
export async function openInventory(where: string): Promise<InventoryStore> {
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
  return open(host, path)
}
