import { blaming, blamingNow } from '../../errors/whose.js'
import { asking } from '../../io/asking.js'
import {
  checkId,
  checkLease,
  checkTokens,
  checkUntil,
  type WorkBegun,
  type WorkStore,
  type WorkToken,
} from '../../open/work-store.js'
import {
  isConditionFailed,
  number,
  tableOf,
  ttl,
  type DynamoDbStoreOptions,
  type ItemUpdate,
  type Table,
} from './expiring-items.js'

const store = 'the work store'
/** Milliseconds that an item is kept after its end, so that its worker may still set it done. */
const after = 3_600_000
const names = { '#state': 'state', '#ends': 'ends', '#until': 'until', '#fence': 'fence' }

/**
 * Remembers in a DynamoDB table which work is under way and which is done, by conditional writes.
 *
 * - The partition key of the table is the string `id`. One table serves all stores of Sealdrop.
 * - Turn on the table's time to live for the attribute `until`, so that old items go.
 * - Whether a lease still holds is asked in each condition, so that a late deletion changes nothing.
 * - It is the clock of each process that counts: make a lease longer than clocks may differ.
 * - Several ids are set done by one transaction.
 *
 * @param o.dynamoDb - `new DynamoDB({})` of `@aws-sdk/client-dynamodb`
 * @param o.table - name of the table
 * @param o.now - the clock, in milliseconds; default: `Date.now`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong, or an id, a token or a lease is none
 * @throws SealdropError while writing and reading:
 *   - `output_failed`: DynamoDB does not answer, or others write the same items; retryable
 * @example
 *   ```js
 *   import { DynamoDB } from '@aws-sdk/client-dynamodb'
 *   import { dynamoDbWork } from 'sealdrop/kms'
 *   const work = dynamoDbWork({ dynamoDb: new DynamoDB({}), table: 'work' })
 *   console.log(typeof work.begin) // function
 *   ```
 */
export function dynamoDbWork(o: DynamoDbStoreOptions): WorkStore {
  return blamingNow(() => storeIn(tableOf(o, 'work')))
}

/** What an item becomes, where a token holds it in one of these states. */
interface Change {
  readonly to: string
  readonly ends: number
  readonly from: readonly string[]
}

function storeIn(table: Table): WorkStore {
  const { now } = table
  return {
    begin: (id, lease) =>
      blaming('caller', () => {
        checkId(id)
        checkLease(lease)
        const time = now()
        return asking(store, () => begun(table, id, time, time + lease))
      }),
    extend: (tokens, lease) =>
      blaming('caller', () => {
        checkLease(lease)
        return changed(table, tokens, { to: 'leased', ends: now() + lease, from: ['leased'] })
      }),
    done: (tokens, until) =>
      blaming('caller', () =>
        changed(table, tokens, { to: 'done', ends: checkUntil(until), from: ['leased', 'done'] }),
      ),
    release: (token) =>
      blaming('caller', async () => {
        await changed(table, [token], { to: 'free', ends: 0, from: ['leased'] })
      }),
  }
}

async function begun(
  { dynamoDb, at }: Table,
  id: string,
  time: number,
  ends: number,
): Promise<WorkBegun> {
  try {
    const { Attributes } = await dynamoDb.updateItem({
      ...at(id),
      // a fence begins with the time, so that it grows also where an old item has gone
      UpdateExpression:
        'SET #state = :leased, #ends = :ends, #until = :ttl, #fence = if_not_exists(#fence, :now) + :one',
      ConditionExpression: 'attribute_not_exists(#ends) OR #ends <= :now',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: {
        ':leased': { S: 'leased' },
        ':ends': number(ends),
        ':ttl': ttl(ends + after),
        ':now': number(time),
        ':one': number(1),
      },
      ReturnValues: 'ALL_NEW',
    })
    return { state: 'new', token: { id, fence: Number(Attributes?.fence?.N) } }
  } catch (error) {
    if (!isConditionFailed(error)) throw error
    const { Item } = await dynamoDb.getItem({ ...at(id), ConsistentRead: true })
    return { state: Item?.state?.S === 'done' ? 'done' : 'busy' }
  }
}

async function changed(
  table: Table,
  tokens: readonly WorkToken[],
  change: Change,
): Promise<boolean> {
  const updates = checkTokens(tokens).map((token) => updateOf(table, token, change))
  const [only] = updates
  const write = async (): Promise<boolean> => {
    try {
      if (updates.length === 1 && only)
        await table.dynamoDb.updateItem({ ...only, ReturnValues: 'ALL_NEW' })
      else
        await table.dynamoDb.transactWriteItems({
          TransactItems: updates.map((Update) => ({ Update })),
        })
      return true
    } catch (error) {
      if (isConditionFailed(error)) return false
      throw error
    }
  }
  return asking(store, write)
}

function updateOf({ at, now }: Table, { id, fence }: WorkToken, change: Change): ItemUpdate {
  const { to, ends, from } = change
  const states = Object.fromEntries(from.map((state, i) => [`:from${i}`, { S: state }]))
  return {
    ...at(id),
    UpdateExpression: 'SET #state = :to, #ends = :ends, #until = :ttl',
    ConditionExpression: `#fence = :fence AND #state IN (${Object.keys(states).join(', ')})`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: {
      ...states,
      ':to': { S: to },
      ':ends': number(ends),
      ':ttl': ttl(Math.max(ends, now()) + after),
      ':fence': number(fence),
    },
  }
}
