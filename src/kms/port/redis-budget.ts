import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import { checkPrefix, sending, type RedisClient } from '../../stores/redis/redis-client.js'
import type { BudgetStore } from './budget-store.js'

/**
 * The key holds when the next turn is free, in microseconds of the server's clock. So clocks of
 * holders do not count.
 */
const script = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local first = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = first - now
if wait > tonumber(ARGV[3]) * 1000 then return {0, wait} end
local free = first + math.ceil(tonumber(ARGV[2]) * 1000000 / tonumber(ARGV[1]))
local lives = math.ceil((free - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', lives)
return {tonumber(ARGV[2]), wait}
`

/**
 * Shares a budget between processes by Redis or Valkey, with one script.
 *
 * - A chunk of turns is one write: at most one an operation, and fewer where several wait at once.
 * - It goes by the clock of the server, so that clocks of processes may differ.
 * - After a failover that lost the last writes, up to a second may have more.
 *
 * @param o.redis - a connected client of `redis` or `ioredis`, for one server and not a cluster
 * @param o.prefix - what its keys begin with; default: `sealdrop:budget:`
 * @returns a store for `kmsBudget`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong
 * @example
 *   ```js
 *   import { kmsBudget, redisBudget } from 'sealdrop/kms'
 *   const redis = { sendCommand: async () => [1, 0] } // in earnest: createClient() of redis
 *   const store = redisBudget({ redis })
 *   const budget = kmsBudget({ perSecond: { ecc: 50 }, store })
 *   console.log(budget.perSecond.ecc) // 50
 *   ```
 */
export function redisBudget(o: {
  readonly redis: RedisClient
  readonly prefix?: string
}): BudgetStore {
  return blamingNow(() => storeIn(o))
}

function storeIn(o: Parameters<typeof redisBudget>[0]): BudgetStore {
  const { redis, prefix = 'sealdrop:budget:' } = checkOptions(o, 'redis prefix')
  const send = sending(redis)
  checkPrefix(prefix)
  return {
    async lease({ name, perSecond, count, within }) {
      const numbers = [perSecond, count, within].map(String)
      const answer = await send('EVAL', script, '1', prefix + name, ...numbers)
      const [given, wait] = (answer as readonly unknown[]).map(Number)
      return { count: given ?? 0, wait: (wait ?? 0) / 1_000 }
    },
  }
}
