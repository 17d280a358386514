// The page of the guide with the real Dashboard, bundled for a test. The address says what else:
// partLength, and name=false.
import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import GoldenRetriever from '@uppy/golden-retriever'
import Tus from '@uppy/tus'
import { importKeySet, indexedDbRecords, inHand } from 'sealdrop'
import { unfinishedUploads, uploadTransport } from 'sealdrop/upload'
import { SealedUploader } from 'sealdrop/uppy'
import { tellServer, watchEncrypt } from './watch.js'

const asked = new URLSearchParams(location.search)
watchEncrypt((entry) => tellServer('/ledger', JSON.stringify(entry)))
const { handler, jwks, context } = await (await fetch('/settings')).json()
const o = {
  keys: importKeySet(jwks, { trust: inHand() }),
  context,
  transport: uploadTransport(handler, { headers: { authorization: 'Bearer acme' } }),
  records: indexedDbRecords(),
  ...(asked.has('partLength') && { partLength: Number(asked.get('partLength')) }),
  ...(asked.get('name') === 'false' && { name: false }),
}
const uppy = new Uppy().use(SealedUploader, o)
uppy.use(Dashboard, { inline: true, target: '#files', showProgressDetails: true })

/** What became of each file, by its name. */
const told = { done: {}, failed: {}, shown: [] }
uppy.on('upload-success', (file, { body }) => (told.done[file.name] = body))
uppy.on('upload-error', (file, { code, message }) => (told.failed[file.name] = { code, message }))
uppy.on('upload-progress', (_, { bytesUploaded, bytesTotal }) =>
  told.shown.push([bytesUploaded, bytesTotal]),
)

const others = {
  '@uppy/aws-s3': [AwsS3, { signRequest: () => ({ url: 'http://127.0.0.1:9/' }) }],
  '@uppy/tus': [Tus, { endpoint: 'http://127.0.0.1:9/' }],
  GoldenRetriever: [GoldenRetriever, {}],
}
const codeOf = (work) => {
  try {
    work()
    return 'taken'
  } catch ({ code }) {
    return code
  }
}
/** Puts another plugin before the uploader, or behind it, and adds a file. @returns the codes */
function beside(name, isBefore, text) {
  const other = new Uppy({ id: `beside ${name} ${isBefore}` })
  const plugins = [others[name], [SealedUploader, o]]
  const codes = (isBefore ? plugins : plugins.toReversed()).map(([plugin, options]) =>
    codeOf(() => other.use(plugin, options)),
  )
  if (text) other.addFile({ name: 'a.txt', data: new Blob([text]) })
  return codes
}
/** A control: Golden Retriever alone, which keeps what is added. */
function alone(text) {
  new Uppy({ id: 'alone' }).use(GoldenRetriever).addFile({ name: 'a.txt', data: new Blob([text]) })
}
const unfinished = () => unfinishedUploads(o.records)
globalThis.page = { uppy, told, beside, alone, unfinished, handler }
