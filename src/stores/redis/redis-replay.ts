import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { asking } from '../../io/asking.js'
import type { ReplayStore } from '../../open/replay.js'
import { checkId, checkUntil } from '../../open/work-store.js'
import { checkPrefix, sending, type RedisClient } from './redis-client.js'

/**
 * Remembers in Redis or Valkey which values were opened, by one command each.
 *
 * - set `maxmemory-policy noeviction`: an id that is thrown out can be claimed again
 * - a claim that the primary has acknowledged is lost where a replica takes over before it has it
 * - an id goes by itself at its time, by the clock of Redis
 *
 * @param o.redis - a connected client of `redis` or `ioredis`, for Redis 6.2 or later
 * @param o.prefix - what its keys begin with; default: `sealdrop:replay:`
 * @returns a store for `replay` of `createOpener`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong, or an id is none
 * @throws SealdropError while writing and reading:
 *   - `output_failed`: Redis does not answer; retryable
 * @example
 *   ```js
 *   import { redisReplay } from 'sealdrop/kms'
 *   const redis = { sendCommand: async () => 'OK' } // in earnest: createClient() of redis
 *   const store = redisReplay({ redis })
 *   console.log(await store.claim('a-hash', new Date(Date.now() + 60_000))) // true
 *   ```
 */
export function redisReplay(o: {
  readonly redis: RedisClient
  readonly prefix?: string
}): ReplayStore {
  return blamingNow(() => storeIn(o))
}

function storeIn(o: Parameters<typeof redisReplay>[0]): ReplayStore {
  const { redis, prefix = 'sealdrop:replay:' } = checkOptions(o, 'redis prefix')
  const send = sending(redis)
  checkPrefix(prefix)
  const ask = (command: string, id: string, ...args: readonly string[]): Promise<unknown> => {
    checkId(id)
    return asking('the replay store', () => send(command, prefix + id, ...args))
  }
  return {
    claim: (id, until) =>
      blaming('caller', async () => {
        // Redis takes no time before 1970
        const time = `${Math.max(1, checkUntil(until))}`
        const answer = await ask('SET', id, '1', 'NX', 'PXAT', time)
        return String(answer) === 'OK'
      }),
    seen: (id) => blaming('caller', async () => Number(await ask('EXISTS', id)) !== 0),
  }
}
