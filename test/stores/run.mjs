// npm run test:stores: the inventory in S3 and in DynamoDB, and what was sent by links in DynamoDB
// and Redis, through the clients that people use, kept by servers that we did not write.
import { randomUUID } from 'node:crypto'
import test, { after, before } from 'node:test'
import { DynamoDB } from '@aws-sdk/client-dynamodb'
import { S3 } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import {
  dynamoDbInventory,
  dynamoDbReplay,
  dynamoDbWork,
  redisReplay,
  redisWork,
  s3Inventory,
} from 'sealdrop/kms'
import { dynamoDbLinks, redisLinks } from 'sealdrop/s3'
import { fails } from '../support/host.js'
import { emptyInventory } from '../support/inventories.mjs'
import { inventoryStoreSuite } from '../support/inventory-stores.js'
import { linkStoreSuite } from '../support/link-stores.js'
import { startMoto } from '../support/moto.mjs'
import { startRedis } from '../support/redis.mjs'
import { present, wrong } from '../support/types.mjs'
import { replayStoreSuite, workStoreSuite } from '../support/work-stores.js'

let server, redis, s3, dynamoDb, inTurn, config
before(async () => {
  server = await startMoto()
  redis = await startRedis()
  config = {
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  }
  s3 = new S3({ ...config, forcePathStyle: true })
  dynamoDb = new DynamoDB(config)
  // moto looks at the conditions of two writes and then does both, as DynamoDB never does. So they
  // come to it one after the other, and those of several verbs in any order
  inTurn = new DynamoDB({ ...config, requestHandler: { httpAgent: { maxSockets: 1 } } })
  await s3.createBucket({ Bucket: 'inventories' })
  await dynamoDb.createTable({
    TableName: 'inventories',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  })
})
after(async () => {
  server?.close()
  await redis?.close()
})

inventoryStoreSuite({
  test,
  assert,
  fails,
  name: 'S3',
  make: async () => {
    const key = randomUUID()
    return [0, 1].map(() => s3Inventory({ s3, bucket: 'inventories', key }))
  },
})
inventoryStoreSuite({
  test,
  assert,
  fails,
  name: 'DynamoDB',
  make: async () => {
    const id = randomUUID()
    return [0, 1].map(() => dynamoDbInventory({ dynamoDb, table: 'inventories', id }))
  },
})

linkStoreSuite({
  test,
  assert,
  fails,
  name: 'DynamoDB',
  make: async () => [0, 1].map(() => dynamoDbLinks({ dynamoDb: inTurn, table: 'inventories' })),
})
for (const name of ['redis', 'ioredis'])
  linkStoreSuite({
    test,
    assert,
    fails,
    name: `Redis by ${name}`,
    make: async () => [0, 1].map(() => redisLinks({ redis: redis.clients[name] })),
  })

/** @returns {[string, () => any, () => any]} */
const inRedis = (name) => [
  `Redis by ${name}`,
  () => redisReplay({ redis: redis.clients[name] }),
  () => redisWork({ redis: redis.clients[name] }),
]
/** @type {[string, () => any, () => any][]} */
const rows = [
  ['DynamoDB', () => dynamoDbReplay(inTable()), () => dynamoDbWork(inTable())],
  ...['redis', 'ioredis'].map(inRedis),
]
const inTable = () => ({ dynamoDb: inTurn, table: 'inventories' })
for (const [name, replay, work] of rows) {
  replayStoreSuite({ test, assert, fails, name, make: async () => [0, 1].map(replay) })
  workStoreSuite({ test, assert, fails, name, make: async () => [0, 1].map(work) })
}

test('a claim whose answer was lost is known again by the client that repeats it, and by no other', async () => {
  const repeats = {
    getItem: (input) => dynamoDb.getItem(input),
    transactWriteItems: (input) => dynamoDb.transactWriteItems(input),
    updateItem: async (input) => {
      await dynamoDb.updateItem(input)
      return dynamoDb.updateItem(input)
    },
  }
  const until = new Date(Date.now() + 60_000)
  const id = randomUUID()
  const store = dynamoDbReplay({ dynamoDb: repeats, table: 'inventories' })
  assert.isTrue(await store.claim(id, until))
  assert.isFalse(await store.claim(id, until))
  assert.isFalse(await dynamoDbReplay(inTable()).claim(id, until))
})

test('an id whose time was long ago is claimed by Redis too', async () => {
  const store = redisReplay({ redis: redis.clients.redis })
  const id = randomUUID()
  assert.isTrue(await store.claim(id, new Date(-1)))
  assert.isTrue(await store.claim(id, new Date(Date.now() + 60_000)))
})

test('after a failover to a replica that lacks the last lease, its worker is overtaken', async () => {
  const client = redis.clients.ioredis
  const work = redisWork({ redis: client })
  const id = randomUUID()
  const begin = async () => /** @type {any} */ (await work.begin(id, 60_000)).token
  const old = await begin()
  await work.release(old)
  const older = await client.hgetall(`sealdrop:work:${id}`)
  const lost = await begin()
  await client.hset(`sealdrop:work:${id}`, older)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const newest = await begin()
  assert.isAbove(newest.fence, lost.fence)
  const until = new Date(Date.now() + 60_000)
  assert.isFalse(await work.done([lost], until))
  assert.isTrue(await work.done([newest], until))
})

test('what is kept is JSON that people can read', async () => {
  const key = randomUUID()
  const inventory = emptyInventory()
  await s3Inventory({ s3, bucket: 'inventories', key }).write(inventory)
  await dynamoDbInventory({ dynamoDb, table: 'inventories' }).write(inventory)
  const object = await s3.getObject({ Bucket: 'inventories', Key: key })
  assert.equal(object.ContentType, 'application/json')
  assert.equal(
    await present(object.Body).transformToString(),
    `${JSON.stringify(inventory, null, 2)}\n`,
  )
  const item = await dynamoDb.getItem({
    TableName: 'inventories',
    Key: { id: { S: 'sealdrop' } },
  })
  assert.sameMembers(Object.keys(present(item.Item)), ['id', 'inventory', 'version'])
})

test('what is broken is malformed; a bucket or a table that is not there, or a service that is down, is told by the name of its error', async () => {
  const key = randomUUID()
  await s3.putObject({ Bucket: 'inventories', Key: key, Body: '{' })
  await fails(assert, s3Inventory({ s3, bucket: 'inventories', key }).read(), 'malformed')
  await dynamoDb.putItem({ TableName: 'inventories', Item: { id: { S: key } } })
  await fails(
    assert,
    dynamoDbInventory({ dynamoDb, table: 'inventories', id: key }).read(),
    'malformed',
  )
  const inventory = emptyInventory()
  const none = [
    s3Inventory({ s3, bucket: 'none', key }),
    dynamoDbInventory({ dynamoDb, table: 'none' }),
  ]
  for (const store of none) {
    await fails(assert, store.read(), 'source_failed', /NoSuchBucket|ResourceNotFoundException/)
    await fails(
      assert,
      store.write(inventory),
      'output_failed',
      /NoSuchBucket|ResourceNotFoundException/,
    )
  }
  const nobody = { ...config, endpoint: 'http://127.0.0.1:9' }
  for (const store of [
    s3Inventory({ s3: new S3(nobody), bucket: 'b', key }),
    dynamoDbInventory({ dynamoDb: new DynamoDB(nobody), table: 't' }),
  ])
    await fails(assert, store.read(), 'source_failed', /ECONNREFUSED|TimeoutError/)
})

test('what is no client, or has no name, is invalid_argument', async () => {
  for (const o of [
    undefined,
    {},
    { s3: {}, bucket: 'b', key: 'k' },
    { s3, bucket: '', key: 'k' },
    { s3, bucket: 'b' },
  ])
    await fails(assert, () => s3Inventory(wrong(o)), 'invalid_argument')
  for (const o of [
    undefined,
    {},
    { dynamoDb: {}, table: 't' },
    { dynamoDb, table: '' },
    { dynamoDb, table: 't', id: '' },
  ])
    await fails(assert, () => dynamoDbInventory(wrong(o)), 'invalid_argument')
})
