// An AWS that takes a connection and never answers: a command says so and ends.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { listeningPort } from '../support/types.mjs'
import { keysWorld } from './keys-helpers.mjs'

const quick = fileURLToPath(new URL('./quick-silence.mjs', import.meta.url))
const silent = createServer(() => {})
/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
let url = ''
before(async () => {
  world = await keysWorld()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  url = `http://127.0.0.1:${listeningPort(silent)}`
})
after(async () => {
  silent.close()
  await world.close()
})

/**
 * By what is silent: how a command reaches it, and its exit code.
 *
 * @type {[name: string, variable: string, args: string[], code: number][]}
 */
const rows = [
  ['S3', 'AWS_ENDPOINT_URL_S3', ['keys', 'list', '--inventory', 's3://bucket/keys.json'], 7],
  ['DynamoDB', 'AWS_ENDPOINT_URL_DYNAMODB', ['keys', 'list', '--inventory', 'dynamodb://t/k'], 7],
  ['KMS', 'AWS_ENDPOINT_URL_KMS', ['sign', '--key-id', 'alias/root', 'root.json'], 6],
]
for (const [name, variable, args, expected] of rows)
  test(`a silent ${name} is told of after a minute`, { timeout: 60_000 }, async () => {
    const { NODE_OPTIONS } = world.env()
    const env = {
      [variable]: url,
      AWS_MAX_ATTEMPTS: '1',
      NODE_OPTIONS: `${NODE_OPTIONS} --import=${quick}`,
    }
    const { code, err } = await world.run(args, { env, input: 'x' })
    assert.equal(code, expected, err)
    assert.match(err, /TimeoutError/)
  })
