import { ensure, hasMethods } from '../../errors/guard.js'

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

/** Sends one command, and answers what Redis answered. */
export type SendRedis = (command: string, ...args: readonly string[]) => Promise<unknown>

/** @throws SealdropError `invalid_argument` */
export function sending(redis: RedisClient): SendRedis {
  ensure(
    hasMethods(redis, 'call') || hasMethods(redis, 'sendCommand'),
    'invalid_argument',
    'redis: expected a client of redis or ioredis',
  )
  // a client of ioredis has a sendCommand too, which takes something else
  return async (command, ...args) =>
    'call' in redis ? redis.call(command, ...args) : redis.sendCommand([command, ...args])
}

/** @throws SealdropError `invalid_argument` */
export function checkPrefix(prefix: string): void {
  ensure(typeof prefix === 'string', 'invalid_argument', 'prefix: expected text')
}
