import { randomUUID } from 'node:crypto'
import { ensure, hasMethods } from '../../errors/guard.js'
import { nameOf } from '../../kms/port/aws-errors.js'
import { checkInventory, parseInventory } from '../../kms/inventory/check-inventory.js'
import type { InventoryStore } from '../../kms/inventory/inventory-model.js'
import { changed, failed, serialized } from '../../kms/inventory/inventory-text.js'

type Item = Readonly<Record<string, { readonly S?: string | undefined }>>

/** `new DynamoDB({})` of `@aws-sdk/client-dynamodb`, as far as it is used here. */
export interface DynamoDbOperations {
  getItem(input: {
    readonly TableName: string
    readonly Key: Record<string, { S: string }>
    readonly ConsistentRead: boolean
  }): Promise<{ readonly Item?: Item | undefined }>
  putItem(input: {
    readonly TableName: string
    readonly Item: Record<string, { S: string }>
    readonly ConditionExpression: string
    readonly ExpressionAttributeValues?: Record<string, { S: string }>
  }): Promise<unknown>
}

/**
 * Keeps the inventory as one item of a DynamoDB table, by conditional writes. Its table has the
 * string `id` as its key.
 *
 * @param o.dynamoDb `new DynamoDB({})` of `@aws-sdk/client-dynamodb`
 * @param o.id of the item. Default: `sealdrop`
 * @returns a store whose verbs throw SealdropError `conflict`, `malformed`, `source_failed`,
 *   `output_failed`
 * @throws SealdropError `invalid_argument`
 */
export function dynamoDbInventory(o: {
  readonly dynamoDb: DynamoDbOperations
  readonly table: string
  readonly id?: string
}): InventoryStore {
  ensure(
    hasMethods(o?.dynamoDb, 'getItem', 'putItem'),
    'invalid_argument',
    'dynamoDb: expected new DynamoDB({}) of @aws-sdk/client-dynamodb',
  )
  const { table, id = 'sealdrop' } = o
  ensure(
    [table, id].every((name) => typeof name === 'string' && name !== ''),
    'invalid_argument',
    'table and id: expected text',
  )
  return {
    async read() {
      const input = { TableName: table, Key: { id: { S: id } }, ConsistentRead: true }
      const { Item } = await o.dynamoDb
        .getItem(input)
        .catch(failed('source_failed', 'cannot be read'))
      if (!Item) return undefined
      const inventory = parseInventory(Item['inventory']?.S ?? '')
      return { inventory, etag: Item['version']?.S ?? '' }
    },
    async write(next, etag) {
      const inventory = { S: serialized(checkInventory(next, 'invalid_argument')) }
      const item = { id: { S: id }, version: { S: randomUUID() }, inventory }
      const input = { TableName: table, Item: item, ...conditionFor(etag) }
      await o.dynamoDb.putItem(input).catch((error: unknown) => {
        if (nameOf(error) === 'ConditionalCheckFailedException') throw changed(error)
        failed('output_failed', 'cannot be written')(error)
      })
    },
  }
}

type Condition = Pick<
  Parameters<DynamoDbOperations['putItem']>[0],
  'ConditionExpression' | 'ExpressionAttributeValues'
>

/** Writes where nothing is, or where what was read still is. */
function conditionFor(etag: string | undefined): Condition {
  if (etag === undefined) return { ConditionExpression: 'attribute_not_exists(id)' }
  return {
    ConditionExpression: 'version = :seen',
    ExpressionAttributeValues: { ':seen': { S: etag } },
  }
}
