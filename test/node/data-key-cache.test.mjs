// The companion's data-key cache over the local KMS: age, and what a disabled key takes with it.
import test from 'node:test'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createSealer, importKeySet, inHand } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'

const local = await startLocalKms({
  keys: ['a', 'b'].map((name) => ({
    alias: `alias/${name}`,
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
  })),
})
const { client, since } = countingKms(local.clientConfig)
test.after(() => local.close())
const [a, b] = await Promise.all(
  ['a', 'b'].map(async (name) =>
    importKeySet(
      (await createPublisher({ kms: client, keys: [{ key: `alias/${name}` }] }).documents()).jwks,
      { trust: inHand() },
    ),
  ),
)
const openerWith = async (cache) => {
  const opener = createOpener({
    kms: client,
    keys: ['alias/a', 'alias/b'],
    cache: { entries: 10, maxAge: 60_000, uses: 100, ...cache },
  })
  await opener.ready()
  since()
  return (jwe) => opener.open(jwe, { context: {} })
}
const values = async (keys, count) => {
  const sealer = createSealer(keys)
  return Promise.all(Array.from({ length: count }, (_, i) => sealer.seal(i, { context: {} })))
}

test('a data key is remembered no longer than maxAge', async () => {
  const open = await openerWith({ maxAge: 50 })
  const [one, two, three] = await values(a, 3)
  await open(one)
  await new Promise((resolve) => {
    setTimeout(resolve, 80)
  })
  await open(two)
  assert.equal(since().length, 2)
  const lasting = await openerWith({})
  for (const jwe of [one, two, three]) await lasting(jwe)
  assert.equal(since().length, 1)
})

test('no more data keys are remembered than entries', async () => {
  const open = await openerWith({ entries: 1 })
  const [[a1, a2], [b1]] = await Promise.all([values(a, 2), values(b, 1)])
  for (const jwe of [a1, b1, a2]) await open(jwe)
  assert.equal(since().length, 3)
})

test('what a key unwrapped is forgotten when KMS says that it is disabled, what others unwrapped is kept', async () => {
  const open = await openerWith({})
  const [[a1, a2], [b1, b2], [fresh]] = await Promise.all([
    values(a, 2),
    values(b, 2),
    values(a, 1),
  ])
  await open(a1)
  await open(b1)
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/a'] }))
  since()
  await fails(assert, open(fresh), 'key_unusable')
  await fails(assert, open(a2), 'key_unusable')
  assert.equal(since().length, 2)
  await open(b2)
  assert.deepEqual(since(), [])
})
