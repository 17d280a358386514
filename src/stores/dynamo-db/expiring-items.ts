import { clockOf, ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { nameOf } from '../../kms/port/aws-errors.js'

/** A value of an attribute. */
export type Value = { S: string } | { N: string }

/** An item as it was read. */
export type Item = Readonly<
  Record<string, { readonly S?: string | undefined; readonly N?: string | undefined }>
>

/** A change of one item under a condition. */
export interface ItemUpdate {
  readonly TableName: string
  readonly Key: Record<string, { S: string }>
  readonly UpdateExpression: string
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  readonly ExpressionAttributeValues: Record<string, Value>
}

/** What is used here of `new DynamoDB({})` of `@aws-sdk/client-dynamodb`. */
export interface DynamoDbStoreOperations {
  /** Reads the item as it was written last. */
  getItem(input: {
    readonly TableName: string
    readonly Key: Record<string, { S: string }>
    readonly ConsistentRead: boolean
  }): Promise<{ readonly Item?: Item | undefined }>
  /** Changes an item under a condition, and answers what it is then. */
  updateItem(
    input: ItemUpdate & { readonly ReturnValues: 'ALL_NEW' },
  ): Promise<{ readonly Attributes?: Item | undefined }>
  /** Changes several items, all or none. */
  transactWriteItems(input: {
    readonly TransactItems: { readonly Update: ItemUpdate }[]
  }): Promise<unknown>
}

/** What both stores take. */
export interface DynamoDbStoreOptions {
  readonly dynamoDb: DynamoDbStoreOperations
  readonly table: string
  readonly now?: () => number
}

/** A table, and a clock. */
export interface Table {
  readonly dynamoDb: DynamoDbStoreOperations
  readonly at: (id: string) => { readonly TableName: string; readonly Key: { id: { S: string } } }
  readonly now: () => number
}

/** @param kind - what its ids begin with, so that one table serves several stores */
export function tableOf(o: DynamoDbStoreOptions, kind: string): Table {
  const { dynamoDb, table, now } = checkOptions(o, 'dynamoDb table now')
  ensure(
    hasMethods(dynamoDb, 'getItem', 'updateItem', 'transactWriteItems'),
    'invalid_argument',
    'dynamoDb: expected new DynamoDB({}) of @aws-sdk/client-dynamodb',
  )
  ensure(
    typeof table === 'string' && table !== '',
    'invalid_argument',
    'table: expected the name of a table',
  )
  const at = (id: string) => ({ TableName: table, Key: { id: { S: `${kind}:${id}` } } })
  return { dynamoDb, at, now: clockOf(now) }
}

/** Time in milliseconds. */
export const number = (value: number): Value => ({ N: `${Math.trunc(value)}` })

/** The attribute of the table's time to live is in seconds, and items go days after it. */
export const ttl = (milliseconds: number): Value => number(Math.ceil(milliseconds / 1000))

/** Whether a write was refused since its condition did not hold. */
export function isConditionFailed(error: unknown): boolean {
  if (nameOf(error) === 'ConditionalCheckFailedException') return true
  if (nameOf(error) !== 'TransactionCanceledException') return false
  const { CancellationReasons: reasons } = error as {
    readonly CancellationReasons?: readonly { readonly Code?: string }[]
  }
  // where another writer was in between, nobody knows yet what the condition says
  const codes = (reasons ?? []).flatMap(({ Code }) => Code ?? 'None')
  return codes.includes('ConditionalCheckFailed')
}
