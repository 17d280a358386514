// Five handlers in a process of its own, each with its opener: they open one value after the other
// for so long, and say at the end what happened. Started by shared-budget.mjs.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isSealdropError } from 'sealdrop'
import { createOpener, kmsBudget, redisBudget } from 'sealdrop/kms'

const { kms, key, value, rate, milliseconds, redis, limited } = JSON.parse(process.argv[2] ?? '')

async function redisClient({ folder, port }) {
  const { resolve } = createRequire(join(folder, 'package.json'))
  const { createClient } = await import(pathToFileURL(resolve('redis')).href)
  return createClient({ url: `redis://127.0.0.1:${port}` }).connect()
}

const client = limited ? await redisClient(redis) : undefined
const budget =
  client && kmsBudget({ perSecond: { rsa: rate }, store: redisBudget({ redis: client }) })
const openers = Array.from({ length: 5 }, () =>
  createOpener({ kms: { ...kms, maxAttempts: 1 }, keys: [key], ...(budget && { budget }) }),
)
await Promise.all(openers.map((opener) => opener.ready()))
process.send?.('ready')
await new Promise((resolve) => process.once('message', resolve))

const outcomes = {}
const count = (outcome) => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1)
const end = Date.now() + milliseconds
const handle = async (opener) => {
  while (Date.now() < end)
    await opener.open(value, { context: {} }).then(
      () => count('opened'),
      (error) => count(isSealdropError(error) ? error.code : String(error)),
    )
}
await Promise.all(openers.map(handle))
process.send?.(outcomes)
await Promise.all(openers.map((opener) => opener.close()))
client?.destroy()
process.disconnect?.()
