// Golden facts: what the real service answered to other projects' validated tests, asked of the
// local KMS through the real client.
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { KMSClient } from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { tables } from './golden/index.mjs'
import { matches } from './golden/match.mjs'
import { resolver } from './golden/steps.mjs'
import { commandOf } from './helpers.mjs'

let local
const clients = new Map()
before(async () => {
  local = await startLocalKms({ regions: ['us-east-1', 'us-west-2', 'ap-southeast-1'] })
})
after(async () => {
  for (const { client } of clients.values()) client.destroy()
  await local.close()
})

/**
 * The unmodified client; its transport notes what came over the wire, since the client hides a
 * missing message.
 */
function clientIn(region) {
  if (clients.has(region)) return clients.get(region)
  const client = new KMSClient({ ...local.clientConfig, region, maxAttempts: 1 })
  const wire = {}
  const { requestHandler } = client.config
  const handle = requestHandler.handle.bind(requestHandler)
  requestHandler.handle = async (request, options) => {
    const { response } = await handle(request, options)
    const chunks = []
    for await (const chunk of response.body) chunks.push(chunk)
    Object.assign(wire, { status: response.statusCode, text: Buffer.concat(chunks).toString() })
    response.body = Readable.from([Buffer.concat(chunks)])
    return { response }
  }
  clients.set(region, { client, wire })
  return clients.get(region)
}

async function send({ call, input, in: region }, resolve) {
  const { client, wire } = clientIn(region ?? 'us-east-1')
  return client.send(commandOf(call, resolve(input))).then(
    (answer) => ({ answer, wire: { ...wire } }),
    (error) => ({ error, wire: { ...wire } }),
  )
}

/** A message is a text, a pattern, or undefined for a body that has no such member. */
function checkRefusal(step, { answer, error, wire }, resolve) {
  const [name, message] = [step.expect.error, step.expect.message]
  assert.ok(
    error,
    `${step.call}: expected ${name}, found an answer: ${JSON.stringify(answer)?.slice(0, 300)}`,
  )
  const found = `${step.call} answered ${wire.text?.slice(0, 300)}`
  assert.strictEqual(error.name, name, found)
  assert.strictEqual(wire.status, 400, found)
  const body = JSON.parse(wire.text)
  const text = body.message ?? body.Message
  if (message instanceof RegExp) assert.match(text, message)
  else if (message !== null)
    assert.strictEqual(text, message === undefined ? undefined : resolve(message), found)
}

async function take(step, kept) {
  const resolve = resolver(kept)
  if (step.local) return step.local(kept)
  const outcome = await send(step, resolve)
  if (step.expect && 'error' in step.expect) {
    checkRefusal(step, outcome, resolve)
    return undefined
  }
  if (outcome.error)
    throw new Error(
      `${step.call}: expected an answer, found ${outcome.error.name}: ${outcome.error.message}`,
      { cause: outcome.error },
    )
  if (step.expect) matches(outcome.answer, step.expect.answer, resolve, step.call)
  return outcome.answer
}

for (const { table, rows } of tables) {
  for (const { name, source, steps } of rows) {
    test(`${name} [${source}]`, async () => {
      const kept = { account: '111122223333', region: 'us-east-1' }
      assert.ok(
        steps.some(({ expect }) => expect),
        `${table}: a row that expects nothing`,
      )
      for (const step of steps) {
        const value = await take(step, kept)
        if (step.as) kept[step.as] = value
      }
    })
  }
}

test('every table has rows, and no two rows have a name in common', () => {
  for (const { table, rows } of tables) assert.ok(rows.length > 0, table)
  const names = tables.flatMap(({ rows }) => rows.map(({ name }) => name))
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
  const marks = new Set(['recorded', 'measured', 'reported', 'documented'])
  for (const { name, source, certainty } of tables.flatMap(({ rows }) => rows))
    assert.ok(source && marks.has(certainty), name)
})
