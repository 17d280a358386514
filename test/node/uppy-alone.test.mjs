// The uploader beside other plugins of Uppy: real ones that would send or keep files as they are.
import test from 'node:test'
import AwsS3 from '@uppy/aws-s3'
import Uppy, { BasePlugin } from '@uppy/core'
import Tus from '@uppy/tus'
import { assert } from 'chai'
import { SealedUploader } from 'sealdrop/uppy'
import { fails } from '../support/host.js'
import { fileOf, worldOfTests } from '../support/uppy-world.mjs'

/** Golden Retriever looks for IndexedDB when it is loaded; this one never answers. */
async function goldenRetriever() {
  Object.assign(globalThis, { window: { indexedDB: { open: () => ({}) } } })
  try {
    return (await import('@uppy/golden-retriever')).default
  } finally {
    Reflect.deleteProperty(globalThis, 'window')
  }
}

const world = await worldOfTests()

/** What another uploader was asked to send: nothing, ever. */
const asked = /** @type {unknown[]} */ ([])
const signRequest = (request) => {
  asked.push(request)
  return { url: 'http://127.0.0.1:9/' }
}
const onBeforeRequest = (request) => void asked.push(request)
const keeper = await goldenRetriever()
/** @type {Record<string, [plugin: any, o: any]>} */
const others = {
  '@uppy/aws-s3': [AwsS3, { signRequest }],
  '@uppy/tus': [Tus, { endpoint: 'http://127.0.0.1:9/', onBeforeRequest }],
  'Golden Retriever': [keeper, {}],
  'Golden Retriever under another name': [keeper, { id: 'Retriever' }],
  'Golden Retriever in a class of another type': [
    class extends keeper {
      constructor(uppy, o) {
        super(uppy, o)
        this.type = 'modifier'
      }
    },
    { id: 'Retriever' },
  ],
}
const quiet = { debug() {}, warn() {}, error() {} }

for (const [name, [plugin, o]] of Object.entries(others)) {
  test(`${name} that is there already: conflict, and nothing is sent by anybody`, async () => {
    const uppy = /** @type {any} */ (new Uppy({ logger: quiet })).use(plugin, o)
    const use = async () => uppy.use(SealedUploader, world.options)
    await fails(assert, use, 'conflict', /cannot stand beside/)
    uppy.addFile({ name: 'a.pdf', data: fileOf(10).file })
    await fails(assert, () => uppy.upload(), 'conflict')
    // also not when the other one goes: what Uppy refused is no uploader
    uppy.iteratePlugins((one) => one.id !== 'SealedUploader' && uppy.removePlugin(one))
    await fails(assert, () => uppy.upload(), 'conflict')
    assert.deepEqual([world.sent.ops, asked], [[], []])
    uppy.destroy()
  })

  test(`${name} that comes later: conflict, it goes, and the files leave sealed`, async () => {
    const uppy = world.uppyOf()
    const use = async () => /** @type {any} */ (uppy).use(plugin, o)
    await fails(assert, use, 'conflict', /cannot stand beside/)
    const { file, hash } = fileOf(10)
    uppy.addFile({ name: 'a.pdf', data: file })
    const { successful } = /** @type {any} */ (await uppy.upload())
    assert.equal((await world.opened(successful[0].response.body.key)).hash, hash)
    assert.deepEqual(asked, [])
    uppy.destroy()
  })
}

test('another uploader of ours that comes later: conflict, and nothing is sent by anybody', async () => {
  const uppy = world.uppyOf()
  const use = async () => uppy.use(SealedUploader, { ...world.options, id: 'Second' })
  await fails(assert, use, 'conflict', /cannot stand beside/)
  uppy.addFile({ name: 'a.pdf', data: fileOf(10).file })
  await fails(assert, () => uppy.upload(), 'conflict')
  assert.deepEqual(world.sent.ops, [])
  uppy.destroy()
})

test('a control: without the uploader @uppy/aws-s3 is asked to send', async () => {
  const refuse = (request) => {
    signRequest(request)
    throw new Error('made up for a test')
  }
  const uppy = new Uppy({ logger: quiet }).use(AwsS3, { signRequest: refuse })
  uppy.addFile({ name: 'a.pdf', data: fileOf(10).file })
  await uppy.upload()
  assert.isNotEmpty(asked.splice(0))
  uppy.destroy()
})

test('plugins that neither send nor keep files stand beside it', async () => {
  class Debugger extends BasePlugin {
    type = 'debugger'
    id = 'Debugger'
  }
  const uppy = world.uppyOf()
  const anyUppy = /** @type {any} */ (uppy)
  anyUppy.use(Debugger)
  assert.exists(uppy.getPlugin('Debugger'))
  uppy.destroy()
})

test('after it was removed another uploader may come', () => {
  const uppy = world.uppyOf()
  uppy.removePlugin(/** @type {any} */ (uppy.getPlugin('SealedUploader')))
  uppy.use(AwsS3, { signRequest })
  assert.exists(uppy.getPlugin('AwsS3'))
  uppy.destroy()
})
