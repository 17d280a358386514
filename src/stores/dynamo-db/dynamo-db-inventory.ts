import { randomUUID } from 'node:crypto'
import { ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import { nameOf } from '../../kms/port/aws-errors.js'
import { checkInventory, parseInventory } from '../../kms/inventory/check-inventory.js'
import type { InventoryStore } from '../../kms/inventory/inventory-model.js'
import { blamingStore, changed, failed, serialized } from '../../kms/inventory/inventory-text.js'

type Item = Readonly<Record<string, { readonly S?: string | undefined }>>

/** What is used here of `new DynamoDB({})` of `@aws-sdk/client-dynamodb`. */
export interface DynamoDbOperations {
  /** Reads the item as it was written last. */
  getItem(input: {
    readonly TableName: string
    readonly Key: Record<string, { S: string }>
    readonly ConsistentRead: boolean
  }): Promise<{ readonly Item?: Item | undefined }>
  /** Writes the item under a condition. */
  putItem(input: {
    readonly TableName: string
    readonly Item: Record<string, { S: string }>
    readonly ConditionExpression: string
    readonly ExpressionAttributeValues?: Record<string, { S: string }>
  }): Promise<unknown>
}

/**
 * Keeps the inventory as one item of a DynamoDB table, by conditional writes.
 *
 * - The partition key of the table is the string `id`.
 *
 * @param o.dynamoDb - `new DynamoDB({})` of `@aws-sdk/client-dynamodb`
 * @param o.table - name of the table
 * @param o.id - `id` of the item; default: `sealdrop`
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
 *   import { DynamoDB } from '@aws-sdk/client-dynamodb'
 *   import { dynamoDbInventory } from 'sealdrop/kms'
 *   const kind = { use: 'enc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
 *   const purposes = [{ name: 'orders', alias: 'alias/orders', ...kind }]
 *   const store = dynamoDbInventory({ dynamoDb: new DynamoDB({}), table: 'keys' })
 *   if (!(await store.read())) await store.write({ version: 1, counter: 0, purposes, keys: [] })
 *   const { inventory } = await store.read()
 *   console.log(inventory.purposes[0].name) // orders
 *   ```
 */
export function dynamoDbInventory(o: {
  readonly dynamoDb: DynamoDbOperations
  readonly table: string
  readonly id?: string
}): InventoryStore {
  return blamingNow(() => storeIn(o))
}

function storeIn(o: Parameters<typeof dynamoDbInventory>[0]): InventoryStore {
  checkOptions(o, 'dynamoDb table id')
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
  return blamingStore({
    async read() {
      const input = { TableName: table, Key: { id: { S: id } }, ConsistentRead: true }
      const asking = async (): ReturnType<DynamoDbOperations['getItem']> =>
        o.dynamoDb.getItem(input)
      const { Item } = (await asking().catch(failed('source_failed', 'cannot be read'))) ?? {}
      if (!Item) return undefined
      const inventory = parseInventory(Item['inventory']?.S ?? '')
      return { inventory, etag: Item['version']?.S ?? '' }
    },
    async write(next, etag) {
      const inventory = { S: serialized(checkInventory(next, 'invalid_argument')) }
      const item = { id: { S: id }, version: { S: randomUUID() }, inventory }
      const input = { TableName: table, Item: item, ...conditionFor(etag) }
      const writing = async (): Promise<unknown> => o.dynamoDb.putItem(input)
      await writing().catch((error: unknown) => {
        if (nameOf(error) === 'ConditionalCheckFailedException') throw changed(error)
        failed('output_failed', 'cannot be written')(error)
      })
    },
  })
}

type Condition = Pick<
  Parameters<DynamoDbOperations['putItem']>[0],
  'ConditionExpression' | 'ExpressionAttributeValues'
>

/** The condition that nothing is there yet, or that what was read is still there. */
function conditionFor(etag: string | undefined): Condition {
  if (etag === undefined) return { ConditionExpression: 'attribute_not_exists(id)' }
  return {
    ConditionExpression: 'version = :seen',
    ExpressionAttributeValues: { ':seen': { S: etag } },
  }
}
