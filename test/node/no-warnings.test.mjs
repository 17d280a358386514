// Many things at once are no leak: Node 20 would warn of more than ten listeners at one signal, and
// operators would read that.
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { assert } from 'chai'
import { importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'

const context = {}
const many = 40
const warnings = []
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`))
const ofListeners = () => warnings.filter((warning) => warning.startsWith('MaxListeners'))

const local = await startLocalKms({
  keys: [{ alias: 'alias/a', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
test.after(() => local.close())
const kms = local.clientConfig
const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/a' }] }).documents()
const keys = importKeySet(jwks, { trust: inHand() })
const times = (work) => Promise.all(Array.from({ length: many }, work))
const values = await times(() => seal(keys, 'x', { context }))
const files = await times(async () => {
  const { readable } = await sealStream(keys, new Blob(['hello']), { context })
  return new Blob([await new Response(readable).arrayBuffer()])
})
const text = ({ readable }) => new Response(readable).text()

/** Opens all that `open` takes with an opener, and answers what was warned of. */
async function warned(work) {
  warnings.length = 0
  const opener = createOpener({ kms, keys: ['alias/a'] })
  await work(opener)
  await opener.close()
  await turn()
  return ofListeners()
}

test('the control: eleven listeners at one signal are warned of, where the host warns', async () => {
  const { signal } = new AbortController()
  for (let i = 0; i < 11; i++) signal.addEventListener('abort', () => i)
  await turn()
  const isOld = Number(process.versions.node.split('.')[0]) < 22
  assert.lengthOf(ofListeners(), isOld ? 1 : 0)
})

test('forty values at once, alone and by openMany', async () => {
  const found = await warned(async (opener) => {
    const opened = await Promise.all(values.map((value) => opener.open(value, { context })))
    assert.lengthOf(opened, many)
    const items = values.map((jwe) => ({ jwe, context }))
    for await (const { error } of opener.openMany(items, { concurrency: many }))
      assert.isUndefined(error)
  })
  assert.deepEqual(found, [])
})

test('forty streams at once, alone and by openManyFiles', async () => {
  const found = await warned(async (opener) => {
    const opened = await Promise.all(files.map((file) => opener.openStream(file, { context })))
    assert.lengthOf(new Set(await Promise.all(opened.map(text))), 1)
    const items = files.map((source) => ({ source, context, sink: text }))
    for await (const { result } of opener.openManyFiles(items, { concurrency: many }))
      assert.equal(result, 'hello')
  })
  assert.deepEqual(found, [])
})
