import { clockOf, ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { nameOf } from '../../kms/port/aws-errors.js'
import {
  asking,
  checkJti,
  revokedFor,
  type DropLinkLimits,
  type DropLinkStore,
  type DropLinkUse,
} from './link-store.js'

type Value = { S: string } | { N: string } | { SS: string[] }
type Item = Readonly<
  Record<string, { readonly S?: string | undefined; readonly SS?: readonly string[] | undefined }>
>

/** What is used here of `new DynamoDB({})` of `@aws-sdk/client-dynamodb`. */
export interface DynamoDbLinkOperations {
  /** Reads attributes of an item, as they were written last. */
  getItem(input: {
    readonly TableName: string
    readonly Key: Record<string, { S: string }>
    readonly ConsistentRead: boolean
    readonly ProjectionExpression: string
    readonly ExpressionAttributeNames: Record<string, string>
  }): Promise<{ readonly Item?: Item | undefined }>
  /** Changes an item under a condition. */
  updateItem(input: {
    readonly TableName: string
    readonly Key: Record<string, { S: string }>
    readonly UpdateExpression: string
    readonly ConditionExpression?: string
    readonly ExpressionAttributeNames: Record<string, string>
    readonly ExpressionAttributeValues: Record<string, Value>
  }): Promise<unknown>
}

/** A change of a link's item. It is applied whole where its condition holds, and else not at all. */
interface Change {
  readonly update: string
  readonly condition?: string
  readonly names: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, Value>>
}

const number = (value: number): Value => ({ N: `${value}` })
const set = (value: string): Value => ({ SS: [value] })
/** The attribute of a file: a set of its attempts, which is gone with the last of them. */
const attributeOf = ({ file }: DropLinkUse): string => `file ${file}`
/** The attribute with the attempt of a file that may be completed. */
const keptOf = ({ file }: DropLinkUse): string => `kept ${file}`
const namesOf = (use: DropLinkUse) => ({ '#file': attributeOf(use), '#kept': keptOf(use) })

/** A file that was not counted yet. */
const first = (use: DropLinkUse, limits: DropLinkLimits, until: Date): Change => ({
  update: 'ADD #files :one, #bytes :bytes, #file :attempt SET #until = :until',
  condition:
    'attribute_not_exists(#file) AND (attribute_not_exists(#files) OR (#files < :files AND #bytes <= :room))',
  names: { '#files': 'files', '#bytes': 'bytes', '#until': 'until', '#file': attributeOf(use) },
  values: {
    ':one': number(1),
    ':bytes': number(use.bytes),
    ':attempt': set(use.attempt),
    ':until': number(Math.ceil(until.getTime() / 1000)),
    ':files': number(limits.files),
    ':room': number(limits.bytes - use.bytes),
  },
})

/** Another attempt of a file that was counted. */
const another = (use: DropLinkUse, { attempts }: DropLinkLimits): Change => ({
  update: 'ADD #file :attempt',
  condition: 'attribute_exists(#file) AND (contains(#file, :name) OR size(#file) < :most)',
  names: { '#file': attributeOf(use) },
  values: { ':attempt': set(use.attempt), ':name': { S: use.attempt }, ':most': number(attempts) },
})

/** The attempt that may be completed. */
const kept = (use: DropLinkUse): Change => ({
  update: 'SET #kept = :name',
  condition: 'contains(#file, :name) AND (attribute_not_exists(#kept) OR #kept = :name)',
  names: namesOf(use),
  values: { ':name': { S: use.attempt } },
})

/** It was not completed. */
const unkept = (use: DropLinkUse): Change => ({
  update: 'REMOVE #kept',
  condition: '#kept = :name',
  names: { '#kept': keptOf(use) },
  values: { ':name': { S: use.attempt } },
})

const isNotKept = '(attribute_not_exists(#kept) OR #kept <> :name)'

/** The end of one attempt of several. */
const fewer = (use: DropLinkUse): Change => ({
  update: 'DELETE #file :attempt',
  condition: `contains(#file, :name) AND size(#file) > :one AND ${isNotKept}`,
  names: namesOf(use),
  values: { ':attempt': set(use.attempt), ':name': { S: use.attempt }, ':one': number(1) },
})

/** The end of the last attempt, by which the file is given back. */
const last = (use: DropLinkUse): Change => ({
  update: 'REMOVE #file ADD #files :less, #bytes :bytes',
  condition: `#file = :attempt AND ${isNotKept}`,
  names: { '#files': 'files', '#bytes': 'bytes', ...namesOf(use) },
  values: {
    ':attempt': set(use.attempt),
    ':name': { S: use.attempt },
    ':less': number(-1),
    ':bytes': number(-use.bytes),
  },
})

/**
 * Counts what is sent by links in a DynamoDB table, by conditional writes.
 *
 * - the partition key of the table is the string `id`; `dynamoDbInventory` may be in the same one
 * - turn on the table's time to live for the attribute `until`, so that old items go
 * - a link is one item, in which about 4,000 files have room: split what is more in several links
 *
 * @param o.dynamoDb - `new DynamoDB({})` of `@aws-sdk/client-dynamodb`
 * @param o.table - name of the table
 * @param o.now - the clock, in milliseconds; default: `Date.now`
 * @returns a store for `dropLinks`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong, or what is revoked is no id of a link
 * @throws SealdropError while writing and reading:
 *   - `output_failed`: DynamoDB does not answer, or not as it should; retryable
 * @example
 *   ```js
 *   import { DynamoDB } from '@aws-sdk/client-dynamodb'
 *   import { dynamoDbLinks } from 'sealdrop/s3'
 *   const store = dynamoDbLinks({ dynamoDb: new DynamoDB({}), table: 'links' })
 *   console.log(typeof store.revoke) // function
 *   ```
 */
export function dynamoDbLinks(o: {
  readonly dynamoDb: DynamoDbLinkOperations
  readonly table: string
  readonly now?: () => number
}): DropLinkStore {
  return blamingNow(() => storeIn(o))
}

/** How often another writer may be in between. */
const rounds = 10

/** Reads and writes single items of a table. */
interface Table {
  /** The item, with some of its attributes. */
  readonly read: (id: string, ...attributes: string[]) => Promise<Item | undefined>
  /** @returns whether the condition held */
  readonly write: (id: string, change: Change) => Promise<boolean>
}

function tableOf({ dynamoDb, table: TableName }: Parameters<typeof dynamoDbLinks>[0]): Table {
  const keyOf = (id: string) => ({ TableName, Key: { id: { S: id } } })
  return {
    read: async (id, ...attributes) => {
      const names = Object.fromEntries(attributes.map((name, i) => [`#a${i}`, name]))
      const input = {
        ...keyOf(id),
        ConsistentRead: true,
        ExpressionAttributeNames: names,
        ProjectionExpression: Object.keys(names).join(', '),
      }
      return (await asking(async () => dynamoDb.getItem(input))).Item
    },
    write: (id, { update, condition, names, values }) => {
      const input = {
        ...keyOf(id),
        UpdateExpression: update,
        ...(condition !== undefined && { ConditionExpression: condition }),
        ExpressionAttributeNames: { ...names },
        ExpressionAttributeValues: { ...values },
      }
      return asking(async () => {
        try {
          await dynamoDb.updateItem(input)
          return true
        } catch (error) {
          if (nameOf(error) === 'ConditionalCheckFailedException') return false
          throw error
        }
      })
    },
  }
}

function storeIn(o: Parameters<typeof dynamoDbLinks>[0]): DropLinkStore {
  checkOptions(o, 'dynamoDb table now')
  ensure(
    hasMethods(o?.dynamoDb, 'getItem', 'updateItem'),
    'invalid_argument',
    'dynamoDb: expected new DynamoDB({}) of @aws-sdk/client-dynamodb',
  )
  ensure(typeof o.table === 'string' && o.table !== '', 'invalid_argument', 'table: expected text')
  const clock = clockOf(o.now)
  const { read, write } = tableOf(o)
  return {
    async reserve(jti, use, limits, until) {
      const id = idOf(jti)
      const fits = use.bytes <= limits.bytes
      const isFirst = async (): Promise<boolean> => fits && write(id, first(use, limits, until))
      // what was counted meanwhile, or given back, is seen by the next one
      return (await isFirst()) || (await write(id, another(use, limits))) || isFirst()
    },
    keep: (jti, use) => write(idOf(jti), kept(use)),
    unkeep: async (jti, use) => void (await write(idOf(jti), unkept(use))),
    async release(jti, use) {
      const [attribute, mark] = [attributeOf(use), keptOf(use)]
      for (let round = 1; round <= rounds; round++) {
        const item = await read(idOf(jti), attribute, mark)
        const attempts = item?.[attribute]?.SS ?? []
        if (!attempts.includes(use.attempt) || item?.[mark]?.S === use.attempt) return
        if (await write(idOf(jti), attempts.length > 1 ? fewer(use) : last(use))) return
      }
      throw new SealdropError('output_failed', 'links: too many writers', { retryable: true })
    },
    revoke: (jti) =>
      blaming('caller', async () => {
        checkJti(jti)
        const values = { ':until': number(Math.ceil((clock() + revokedFor) / 1000)) }
        const change = { update: 'SET #until = :until', names: { '#until': 'until' }, values }
        await write(revokedId(jti), change)
      }),
    async isRevoked(jti) {
      return (await read(revokedId(jti), 'until')) !== undefined
    },
  }
}

const idOf = (jti: string): string => `link:${jti}`
const revokedId = (jti: string): string => `revoked:${jti}`
