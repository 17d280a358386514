import { checkOptions } from '../../errors/options.js'
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
import { checkPrefix, sending, type RedisClient } from './redis-client.js'

/**
 * One script for all, so that each is atomic. An id is a hash: `state`, `ends`, `fence`.
 *
 * - the clock is that of Redis
 * - a fence is the time at least, so that it grows also where the hash has gone, or is an older one
 *   that a replica had
 */
const script = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local op, value = ARGV[1], tonumber(ARGV[2])
local function text(number) return string.format('%.0f', number) end
local function write(key, state, ends)
  redis.call('HSET', key, 'state', state, 'ends', text(ends))
  redis.call('PEXPIREAT', key, text(math.max(ends, now) + 3600000))
end
if op == 'begin' then
  local key = KEYS[1]
  local state, ends = unpack(redis.call('HMGET', key, 'state', 'ends'))
  if state and state ~= 'free' and tonumber(ends) > now then return state end
  local last = tonumber(redis.call('HGET', key, 'fence') or '0')
  local fence = math.max(last + 1, now)
  redis.call('HSET', key, 'fence', text(fence))
  write(key, 'leased', now + value)
  return text(fence)
end
for i, key in ipairs(KEYS) do
  local state, fence = unpack(redis.call('HMGET', key, 'state', 'fence'))
  local holds = state == 'leased' or (op == 'done' and state == 'done')
  if fence ~= ARGV[i + 2] or not holds then return 'overtaken' end
end
for _, key in ipairs(KEYS) do
  if op == 'done' then write(key, 'done', value) end
  if op == 'extend' then write(key, 'leased', now + value) end
  if op == 'release' then write(key, 'free', 0) end
end
return 'ok'
`

/**
 * Remembers in Redis or Valkey which work is under way and which is done, by one script.
 *
 * - set `maxmemory-policy noeviction`: an id that is thrown out is done again
 * - what the primary has acknowledged is lost where a replica takes over before it has it
 * - leases run by the clock of Redis; what is kept goes by itself
 *
 * @param o.redis - a connected client of `redis` or `ioredis`, for one server and not a cluster
 * @param o.prefix - what its keys begin with; default: `sealdrop:work:`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong, or an id, a token or a lease is none
 * @throws SealdropError while writing and reading:
 *   - `output_failed`: Redis does not answer; retryable
 * @example
 *   ```js
 *   import { redisWork } from 'sealdrop/kms'
 *   const redis = { sendCommand: async () => '7' } // in earnest: createClient() of redis
 *   const { state, token } = await redisWork({ redis }).begin('a-hash', 60_000)
 *   console.log(state, token.fence) // new 7
 *   ```
 */
export function redisWork(o: { readonly redis: RedisClient; readonly prefix?: string }): WorkStore {
  return blamingNow(() => storeIn(o))
}

function storeIn(o: Parameters<typeof redisWork>[0]): WorkStore {
  const { redis, prefix = 'sealdrop:work:' } = checkOptions(o, 'redis prefix')
  const send = sending(redis)
  checkPrefix(prefix)
  const run = async (
    op: string,
    ids: readonly string[],
    ...args: readonly number[]
  ): Promise<string> => {
    const keys = ids.map((id) => prefix + id)
    const all = [script, `${keys.length}`, ...keys, op, ...args.map(String)]
    return String(await asking('the work store', () => send('EVAL', ...all)))
  }
  const change = async (op: string, tokens: readonly WorkToken[], value: number) => {
    const all = checkTokens(tokens)
    const [ids, fences] = [all.map(({ id }) => id), all.map(({ fence }) => fence)]
    return (await run(op, ids, value, ...fences)) === 'ok'
  }
  return {
    begin: (id, lease) =>
      blaming('caller', async () => {
        checkId(id)
        checkLease(lease)
        return begun(id, await run('begin', [id], lease))
      }),
    extend: (tokens, lease) =>
      blaming('caller', () => {
        checkLease(lease)
        return change('extend', tokens, lease)
      }),
    done: (tokens, until) => blaming('caller', () => change('done', tokens, checkUntil(until))),
    release: (token) => blaming('caller', async () => void (await change('release', [token], 0))),
  }
}

function begun(id: string, answer: string): WorkBegun {
  if (answer === 'done') return { state: 'done' }
  if (answer === 'leased') return { state: 'busy' }
  return { state: 'new', token: { id, fence: Number(answer) } }
}
