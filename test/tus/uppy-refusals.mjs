// What the uploader by tus refuses: options, other plugins, and files that cannot be sealed.
import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import Tus from '@uppy/tus'
import { uploadTransport } from 'sealdrop/upload'
import { SealedTusUploader, SealedUploader } from 'sealdrop/uppy'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'
import { tusTools } from './tools.mjs'
import { fileOf, uppyTools } from './uppy.mjs'

const quiet = { debug() {}, warn() {}, error() {} }

/** @param {{ test: any, assert: any, world: () => any }} host */
export function uppyRefusalsSuite({ test, assert, world }) {
  const { fresh, uppyOf, add } = uppyTools({ assert, world })
  const { base } = tusTools({ assert, world })
  const nowhere = 'http://127.0.0.1:9/'

  test('options of tus-js-client that could send plaintext, and wrong ones, are refused at once', async () => {
    const rows = /** @type {[object, RegExp][]} */ ([
      [{ metadata: { name: 'a' } }, /there is no "metadata" among records/],
      [{ fingerprint: async () => 'a' }, /there is no "fingerprint"/],
      [{ fileReader: {} }, /there is no "fileReader"/],
      [{ parallelUploads: 2 }, /there is no "parallelUploads"/],
      [{ uploadUrl: nowhere }, /there is no "uploadUrl"/],
      [{ uploadSize: 1 }, /there is no "uploadSize"/],
      [{ allowedMetaFields: true }, /there is no "allowedMetaFields"/],
      [{ Upload: undefined }, /^Upload: expected Upload of tus-js-client/],
      [{ Upload: {} }, /^Upload/],
      [{ endpoint: undefined }, /^url: expected https/],
      [{ endpoint: 'http://files.example.com/' }, /^url: expected https/],
      [{ chunkSize: Infinity }, /^chunkSize/],
      [{ chunkSize: 2 ** 31 }, /^chunkSize/],
      [{ headers: 'a' }, /^headers/],
      [{ headers: null }, /^headers/],
      [{ retryDelays: 1_000 }, /^retryDelays/],
      [{ onBeforeRequest: 'a' }, /^onBeforeRequest/],
      [{ records: {} }, /^records/],
      [{ resume: 'yes' }, /^resume/],
      [{ name: 'a' }, /^name: expected false/],
      [{ filesInFlight: 9 }, /^filesInFlight/],
      [{ keys: 'a' }, /^keys/],
      [{ context: { claim: 7 } }, /context/],
    ])
    const uppy = uppyOf()
    const plugin = /** @type {any} */ (uppy.getPlugin('SealedTusUploader'))
    for (const [o, message] of rows) {
      await fails(assert, async () => uppyOf(wrong(o)), 'invalid_argument', message)
      await fails(assert, async () => plugin.setOptions(o), 'invalid_argument', message)
    }
    plugin.setOptions({ filesInFlight: 1, headers: { authorization: 'Bearer acme' } })
    uppy.setOptions({ locale: { strings: {}, pluralize: () => 0 } })
    uppy.destroy()
  })

  test('an option that is undefined is as one that is not there', async () => {
    fresh()
    const none = { chunkSize: undefined, retryDelays: undefined, urlStorage: undefined }
    const uppy = uppyOf({ ...none, headers: undefined, onBeforeRequest: undefined })
    add(uppy, fileOf(10))
    assert.lengthOf(/** @type {any} */ (await uppy.upload()).successful, 1)
    uppy.destroy()
  })

  test('headers and onBeforeRequest reach every request, and no other facts of the file do', async () => {
    fresh()
    const asked = /** @type {string[]} */ ([])
    const uppy = uppyOf({
      headers: { authorization: 'Bearer acme' },
      onBeforeRequest: async (request) => {
        asked.push(request.getMethod())
        request.setHeader('x-claim', '7')
      },
    })
    add(uppy, fileOf(10, 'canary-of-name.pdf'))
    assert.lengthOf(/** @type {any} */ (await uppy.upload()).successful, 1)
    assert.deepEqual(asked, ['POST', 'PATCH'])
    for (const { headers } of world().front.requests) {
      assert.deepInclude(headers, { authorization: 'Bearer acme', 'x-claim': '7' })
      assert.notInclude(JSON.stringify(headers), 'canary')
      assert.notInclude(JSON.stringify(headers), 'application/pdf')
    }
    uppy.destroy()
  })

  /** @type {Record<string, () => [plugin: any, o: any]>} */
  const others = {
    '@uppy/tus': () => [Tus, { endpoint: nowhere }],
    '@uppy/aws-s3': () => [AwsS3, { signRequest: () => ({ url: nowhere }) }],
    'the uploader to a bucket': () => [
      SealedUploader,
      { keys: world().keys, context: {}, transport: uploadTransport(nowhere) },
    ],
  }
  for (const [name, other] of Object.entries(others))
    test(`${name} beside it: conflict, whichever comes first`, async () => {
      fresh()
      const [plugin, o] = other()
      const later = /** @type {any} */ (uppyOf())
      await fails(assert, async () => later.use(plugin, o), 'conflict', /cannot stand beside/)
      const first = /** @type {any} */ (new Uppy({ logger: quiet })).use(plugin, o)
      const use = async () => first.use(SealedTusUploader, { ...base(), Upload: class {} })
      await fails(assert, use, 'conflict', /cannot stand beside/)
      add(first, fileOf(10))
      await fails(assert, () => first.upload(), 'conflict')
      assert.lengthOf(world().front.requests, 0)
      for (const uppy of [first, later]) uppy.destroy()
    })

  test('a file that cannot be sealed is not sent, and says why', async () => {
    fresh()
    const rows = [
      { keys: { keys: () => Promise.reject(new Error('no keys')) } },
      { context: () => ({ claim: 7 }) },
    ]
    for (const o of rows) {
      const uppy = uppyOf(wrong(o))
      add(uppy, fileOf(10))
      const { failed } = /** @type {any} */ (await uppy.upload())
      assert.isNotEmpty(failed[0].error)
      uppy.destroy()
    }
    const uppy = uppyOf()
    const remote = { companionUrl: 'https://c.example', requestClientId: 'a', url: '/a' }
    uppy.addFile(wrong({ name: 'a.pdf', isRemote: true, remote, data: { size: 10 } }))
    const { failed } = /** @type {any} */ (await uppy.upload())
    assert.include(failed[0].error, 'Companion')
    assert.lengthOf(world().front.requests, 0)
    uppy.destroy()
  })

  test('a class that is no Upload fails its file, and lets go of it', async () => {
    fresh()
    const uppy = uppyOf({
      Upload: class {
        constructor() {
          throw new Error('made up for a test')
        }
      },
    })
    const id = add(uppy, fileOf(10))
    for (const work of [() => uppy.upload(), () => uppy.retryUpload(id)]) {
      const { failed } = /** @type {any} */ (await work())
      assert.include(failed[0].error, 'made up')
    }
    assert.lengthOf(world().front.requests, 0)
    uppy.destroy()
  })
}
