import { toBase64url } from '../../bytes/base64url.js'
import { randomBytes } from '../../crypto/subtle.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { asking } from '../../io/asking.js'
import type { ReplayStore } from '../../open/replay.js'
import { checkId, checkUntil } from '../../open/work-store.js'
import {
  isConditionFailed,
  number,
  tableOf,
  ttl,
  type DynamoDbStoreOptions,
  type Table,
} from './expiring-items.js'

const store = 'the replay store'

/**
 * Remembers in a DynamoDB table which values were opened, by conditional writes.
 *
 * - The partition key of the table is the string `id`. One table serves all stores of Sealdrop.
 * - Turn on the table's time to live for the attribute `until`, so that old items go.
 * - Whether an id still counts is asked in each condition, so that a late deletion changes nothing.
 * - It is the clock of this process that counts. `tolerance` of the opener allows for others.
 *
 * @param o.dynamoDb - `new DynamoDB({})` of `@aws-sdk/client-dynamodb`
 * @param o.table - name of the table
 * @param o.now - the clock, in milliseconds; default: `Date.now`
 * @returns a store for `replay` of `createOpener`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong, or an id is none
 * @throws SealdropError while writing and reading:
 *   - `output_failed`: DynamoDB does not answer; retryable
 * @example
 *   ```js
 *   import { DynamoDB } from '@aws-sdk/client-dynamodb'
 *   import { dynamoDbReplay } from 'sealdrop/kms'
 *   const store = dynamoDbReplay({ dynamoDb: new DynamoDB({}), table: 'work' })
 *   console.log(typeof store.claim) // function
 *   ```
 */
export function dynamoDbReplay(o: DynamoDbStoreOptions): ReplayStore {
  return blamingNow(() => storeIn(tableOf(o, 'replay')))
}

function storeIn({ dynamoDb, at, now }: Table): ReplayStore {
  return {
    claim: (id, until) =>
      blaming('caller', () => {
        checkId(id)
        const ends = checkUntil(until)
        const time = now()
        return asking(store, () => claimed(id, ends, time))
      }),
    seen: (id) =>
      blaming('caller', async () => {
        checkId(id)
        const { Item } = await asking(store, async () =>
          dynamoDb.getItem({ ...at(id), ConsistentRead: true }),
        )
        return Number(Item?.ends?.N ?? 0) > now()
      }),
  }

  /** Where an answer was lost, the client asks again, and must know its own claim. */
  async function claimed(id: string, ends: number, time: number): Promise<boolean> {
    const by = toBase64url(randomBytes(16))
    try {
      await dynamoDb.updateItem({
        ...at(id),
        UpdateExpression: 'SET #ends = :ends, #until = :ttl, #by = :by',
        ConditionExpression: 'attribute_not_exists(#ends) OR #ends <= :now',
        ExpressionAttributeNames: { '#ends': 'ends', '#until': 'until', '#by': 'by' },
        ExpressionAttributeValues: {
          ':ends': number(ends),
          ':ttl': ttl(ends),
          ':now': number(time),
          ':by': { S: by },
        },
        ReturnValues: 'ALL_NEW',
      })
      return true
    } catch (error) {
      if (!isConditionFailed(error)) throw error
      const { Item } = await dynamoDb.getItem({ ...at(id), ConsistentRead: true })
      return Item?.by?.S === by
    }
  }
}
