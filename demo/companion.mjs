// The company's side, which is the only code here that calls KMS. It opens what pages sealed, and
// signs receipts for it.
import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'sealdrop'
import { createOpener } from 'sealdrop/kms'
import { describeFile, describeForm } from './describe.mjs'
import { createPublished } from './published.mjs'
import { refusal } from './refusal.mjs'

/**
 * The contexts this companion takes. What was sealed for anything else is refused before KMS is
 * asked.
 */
const expected =
  (wanted) =>
  /** @param {import('sealdrop').Context} found */
  ({ form, part, ...others }) =>
    form === 'insurance-claim' && part === wanted && Object.keys(others).length === 0
const ofMessage = expected('message')
export const isOfFile = expected('file')

const operations = { 'RSA-OAEP-256': 'kms:Decrypt', 'ECDH-ES+A256KW': 'kms:DeriveSharedSecret' }

/**
 * @param {CompanionOptions} o
 *
 * @typedef {object} CompanionOptions
 * @property {import('sealdrop/kms').Kms} [kms] how KMS is reached; in production leave it out for
 *   the AWS default chain
 * @property {import('sealdrop/kms').InventoryStore} store the inventory: what is published, and
 *   what opens
 * @property {string} root alias of the key that signs the key set
 * @property {string} signs alias of the key for receipts
 * @property {() => number} [now] the time; in production leave it out
 */
export function createCompanion(o) {
  const published = createPublished(o)
  const opening = createOpening(o)
  const { receipt, opened } = receiptsOf(published)
  return {
    publisher: { documents: () => published.set().documents() },
    history: { documents: () => published.history().documents() },
    root: published.root,
    pins: published.pins,
    renew: published.renew,
    signer: published.signer,
    receive: async (jwe, counter) => opened(await opening.value(jwe, counter), counter),
    examine,
    receiveFile: (facts, counter) => receipt({ ...facts, stage: 'received' }, counter),
    openFile: async (stored, counter, options) =>
      opened(await opening.file(stored, counter, options), counter),
    ready: async () => {
      await Promise.all([opening.ready(), published.ready()])
    },
    close: async () => {
      await Promise.all([opening.close(), published.close()])
    },
  }
}

function receiptsOf({ signer }) {
  async function receipt(of, counter) {
    counter.kmsCalls++ // kms:Sign
    return { stage: of.stage, receipt: await signer().signReceipt(of), kmsCalls: counter.kmsCalls }
  }

  /** What the page is told of something that was opened, and the receipt for it. */
  const opened = async ({ seen, key, facts }, counter) => ({
    seen,
    key,
    calls: [operations[key.alg], 'kms:Sign'],
    ...(await receipt({ ...facts, stage: 'opened', key: key.thumbprint }, counter)),
  })

  return { receipt, opened }
}

/**
 * Opens values and stored files, and counts the KMS calls of the request that asked for it.
 *
 * @param {CompanionOptions} o
 */
function createOpening({ kms, store, now }) {
  // One opener serves all requests. Its events find their request through the asynchronous context.
  const counters = new AsyncLocalStorage()
  const opener = createOpener({
    kms,
    keys: store,
    now,
    onEvent: ({ kmsCalls }) => {
      counters.getStore().kmsCalls += kmsCalls
    },
  })

  async function value(jwe, counter) {
    const opened = await counters.run(counter, () => opener.open(jwe, { context: ofMessage }))
    const seen = describeForm(opened.json(), opened.bytes.length)
    return { seen, key: opened.key, facts: await inspect(jwe) }
  }

  /**
   * Reads a stored file to its end, in constant memory, so that a receipt can say that it could be
   * opened. Its name travels beside it, and is opened with it.
   */
  const file = ({ source, sealedName }, counter, { signal }) =>
    counters.run(counter, async () => {
      const { key, messageId, context, name, readable, ...sealed } = await opener.openStream(
        source,
        { context: isOfFile, signal, sealedName, digest: true },
      )
      const seen = { ...(await describeFile(readable)), name: name?.name }
      const [digest, length] = await Promise.all([sealed.digest, sealed.sealedLength])
      return { seen, key, facts: { messageId, digest, length, context } }
    })

  return { value, file, ready: () => opener.ready(), close: () => opener.close() }
}

/**
 * What a receipt says of a sealed file, which is read without any key. Only opening shows whether
 * it opens.
 */
async function examine(source) {
  const { messageId, digest, length, context } = await inspect(source)
  if (!context || !isOfFile(context))
    throw refusal('context_mismatch', 'the file was sealed for something else')
  return { messageId, digest, length, context }
}
