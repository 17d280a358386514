import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { checkPrefix, sending, type RedisClient } from '../../stores/redis/redis-client.js'
import { asking, checkJti, revokedFor, type DropLinkStore, type DropLinkUse } from './link-store.js'

/**
 * One script for both, so that each is atomic. A link is a hash: `files`, `bytes`, the number of
 * attempts of each file, each attempt, and the one that is kept.
 */
const script = `
local key, op, bytes = KEYS[1], ARGV[1], ARGV[4]
local file = 'file ' .. ARGV[2]
local attempt = file .. ' ' .. ARGV[3]
local mark = 'kept ' .. ARGV[2]
local kept = redis.call('HGET', key, mark)
local function number(field) return tonumber(redis.call('HGET', key, field) or '0') end
if op == 'keep' then
  if redis.call('HEXISTS', key, attempt) == 0 then return 0 end
  if kept and kept ~= ARGV[3] then return 0 end
  redis.call('HSET', key, mark, ARGV[3])
  return 1
end
if op == 'unkeep' then
  if kept == ARGV[3] then redis.call('HDEL', key, mark) end
  return 1
end
if op == 'release' then
  if kept == ARGV[3] then return 1 end
  if redis.call('HDEL', key, attempt) == 0 then return 1 end
  if redis.call('HINCRBY', key, file, -1) > 0 then return 1 end
  redis.call('HDEL', key, file)
  redis.call('HINCRBY', key, 'files', -1)
  redis.call('HINCRBY', key, 'bytes', '-' .. bytes)
  return 1
end
local isNew = redis.call('HEXISTS', key, attempt) == 0
if isNew and number(file) >= tonumber(ARGV[7]) then return 0 end
if redis.call('HEXISTS', key, file) == 0 then
  if number('files') + 1 > tonumber(ARGV[5]) then return 0 end
  if number('bytes') + tonumber(bytes) > tonumber(ARGV[6]) then return 0 end
  redis.call('HINCRBY', key, 'files', 1)
  redis.call('HINCRBY', key, 'bytes', bytes)
end
if isNew then
  redis.call('HSET', key, attempt, 1)
  redis.call('HINCRBY', key, file, 1)
end
redis.call('PEXPIREAT', key, ARGV[8])
return 1
`

/**
 * Counts what is sent by links in Redis or Valkey, by one script.
 *
 * - set `maxmemory-policy noeviction`: a revocation that is thrown out counts no more
 * - what is kept ends by itself, see docs/guides/drop-links.md
 *
 * @param o.redis - a connected client of `redis` or `ioredis`, for one server and not a cluster
 * @param o.prefix - what its keys begin with; default: `sealdrop:link:`
 * @returns a store for `dropLinks`
 * @throws SealdropError:
 *   - `invalid_argument`: an option is missing or wrong, or what is revoked is no id of a link
 * @throws SealdropError while writing and reading:
 *   - `output_failed`: Redis does not answer; retryable
 * @example
 *   ```js
 *   import { redisLinks } from 'sealdrop/s3'
 *   const redis = { sendCommand: async () => 1 } // in earnest: createClient() of redis
 *   const store = redisLinks({ redis })
 *   await store.revoke('xIJ6Q1S_xpJrr774j8fKiA')
 *   console.log(await store.isRevoked('xIJ6Q1S_xpJrr774j8fKiA')) // true
 *   ```
 */
export function redisLinks(o: {
  readonly redis: RedisClient
  readonly prefix?: string
}): DropLinkStore {
  return blamingNow(() => storeIn(o))
}

function storeIn(o: Parameters<typeof redisLinks>[0]): DropLinkStore {
  const { redis, prefix = 'sealdrop:link:' } = checkOptions(o, 'redis prefix')
  const ask = sending(redis)
  checkPrefix(prefix)
  const send = (command: string, ...args: string[]): Promise<unknown> =>
    asking(() => ask(command, ...args))
  const run = async (
    op: string,
    jti: string,
    { file, attempt, bytes }: DropLinkUse,
    ...more: string[]
  ): Promise<boolean> => {
    const use = [file, attempt, `${bytes}`]
    return Number(await send('EVAL', script, '1', prefix + jti, op, ...use, ...more)) === 1
  }
  return {
    reserve: (jti, use, { files, bytes, attempts }, until) =>
      run('reserve', jti, use, ...[files, bytes, attempts, until.getTime()].map(String)),
    keep: (jti, use) => run('keep', jti, use),
    unkeep: async (jti, use) => void (await run('unkeep', jti, use)),
    release: async (jti, use) => void (await run('release', jti, use)),
    revoke: (jti) =>
      blaming('caller', async () => {
        checkJti(jti)
        await send('SET', `${prefix}${jti}:revoked`, '1', 'PX', `${revokedFor}`)
      }),
    async isRevoked(jti) {
      const found = Number(await send('EXISTS', `${prefix}${jti}:revoked`))
      return found !== 0
    },
  }
}
