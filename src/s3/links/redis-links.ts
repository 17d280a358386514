import { ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { asking, checkJti, revokedFor, type DropLinkStore } from './link-store.js'

/** What is used here of a client: `createClient()` of `redis`, or `new Redis()` of `ioredis`. */
export type RedisClient =
  | {
      /** Of `redis`: one command. */
      sendCommand(args: string[]): Promise<unknown>
    }
  | {
      /** Of `ioredis`: one command. */
      call(command: string, ...args: string[]): Promise<unknown>
    }

/**
 * One script for both, so that each is atomic. A link is a hash: `files`, `bytes`, the number of
 * attempts of each file, and each attempt.
 */
const script = `
local key, op, bytes = KEYS[1], ARGV[1], ARGV[4]
local file = 'file ' .. ARGV[2]
local attempt = file .. ' ' .. ARGV[3]
local function number(field) return tonumber(redis.call('HGET', key, field) or '0') end
if op == 'release' then
  if redis.call('HDEL', key, attempt) == 0 then return 1 end
  if redis.call('HINCRBY', key, file, -1) > 0 then return 1 end
  redis.call('HDEL', key, file)
  redis.call('HINCRBY', key, 'files', -1)
  redis.call('HINCRBY', key, 'bytes', '-' .. bytes)
  return 1
end
if redis.call('HEXISTS', key, file) == 0 then
  if number('files') + 1 > tonumber(ARGV[5]) then return 0 end
  if number('bytes') + tonumber(bytes) > tonumber(ARGV[6]) then return 0 end
  redis.call('HINCRBY', key, 'files', 1)
  redis.call('HINCRBY', key, 'bytes', bytes)
end
if redis.call('HSETNX', key, attempt, 1) == 1 then redis.call('HINCRBY', key, file, 1) end
redis.call('PEXPIREAT', key, ARGV[7])
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
  ensure(
    hasMethods(redis, 'call') || hasMethods(redis, 'sendCommand'),
    'invalid_argument',
    'redis: expected a client of redis or ioredis',
  )
  ensure(typeof prefix === 'string', 'invalid_argument', 'prefix: expected text')
  // a client of ioredis has a sendCommand too, which takes something else
  const send = (command: string, ...args: string[]): Promise<unknown> =>
    asking(async () =>
      'call' in redis ? redis.call(command, ...args) : redis.sendCommand([command, ...args]),
    )
  const run = (jti: string, ...args: string[]): Promise<unknown> =>
    send('EVAL', script, '1', prefix + jti, ...args)
  return {
    async reserve(jti, { file, attempt, bytes }, limits, until) {
      const most = [`${limits.files}`, `${limits.bytes}`]
      const end = `${until.getTime()}`
      const answer = await run(jti, 'reserve', file, attempt, `${bytes}`, ...most, end)
      return Number(answer) === 1
    },
    async release(jti, { file, attempt, bytes }) {
      await run(jti, 'release', file, attempt, `${bytes}`)
    },
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
