// The company's side: the only code here that calls KMS. It opens what pages sealed, and signs
// receipts for it.
import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createOpener, createPublisher, createSigner, publicJwk } from 'sealdrop/kms'
import { describeFile, describeForm } from './describe.mjs'
import { refusal } from './refusal.mjs'

/**
 * The contexts this companion takes. What was sealed for anything else is refused before KMS is
 * asked.
 */
const expected =
  (wanted) =>
  ({ form, part, ...others }) =>
    form === 'insurance-claim' && part === wanted && Object.keys(others).length === 0
const ofMessage = expected('message')
const ofFile = expected('file')

const operations = { 'RSA-OAEP-256': 'kms:Decrypt', 'ECDH-ES+A256KW': 'kms:DeriveSharedSecret' }

/** In this order pages try the keys that they pin. */
const pinOrder = ['current', 'next', 'retired']

/**
 * @param o.kms - how KMS is reached; in production leave it out for the AWS default chain
 * @param o.store - the inventory: what is published, and what opens
 * @param o.root - alias of the key that signs the key set
 * @param o.signs - alias of the key for receipts
 * @param o.now - the time; in production leave it out
 */
export function createCompanion({ kms, store, root, signs, now }) {
  // One opener serves all requests; its events find their request through the asynchronous context.
  const counters = new AsyncLocalStorage()
  const opener = createOpener({
    kms,
    keys: store,
    now,
    onEvent: ({ kmsCalls }) => {
      counters.getStore().kmsCalls += kmsCalls
    },
  })
  const make = () => ({
    signer: createSigner({ kms, key: signs, now }),
    set: createPublisher({ kms, keys: store, root, now }),
    history: createPublisher({ kms, keys: store, root, now, history: true }),
  })
  let made = make()
  let rootKey

  /**
   * After the keys changed: what is published is made anew at once, not within five minutes. What
   * was begun with the ones before goes on.
   */
  function renew() {
    made = make()
  }

  /**
   * The keys that pages should pin: also the next ones, which no set has yet, so that a page goes
   * on over a rotation.
   */
  async function pins() {
    const {
      inventory: { purposes, keys },
    } = await store.read()
    return purposes.flatMap(({ name, use }) =>
      keys
        .filter(
          ({ purpose, state, unpublished }) =>
            purpose === name && pinOrder.includes(state) && !unpublished,
        )
        .sort((a, b) => pinOrder.indexOf(a.state) - pinOrder.indexOf(b.state))
        .map(({ thumbprint }) => ({ thumbprint, use })),
    )
  }

  async function receipt(of, counter) {
    counter.kmsCalls++ // kms:Sign
    return {
      stage: of.stage,
      receipt: await made.signer.signReceipt(of),
      kmsCalls: counter.kmsCalls,
    }
  }

  async function receive(jwe, counter) {
    const opened = await counters.run(counter, () => opener.open(jwe, { context: ofMessage }))
    const { key } = opened
    const seen = describeForm(opened.json(), opened.bytes.length)
    return {
      seen,
      key,
      calls: [operations[key.alg], 'kms:Sign'],
      ...(await receipt(
        { ...(await inspect(jwe)), stage: 'opened', key: key.thumbprint },
        counter,
      )),
    }
  }

  /**
   * What a receipt says of a sealed file, read without any key. Whether it opens shows when it is
   * opened.
   */
  async function examine(path, id) {
    const { messageId, digest, length, context } = await inspect(await fileSource(path))
    if (messageId !== id)
      throw refusal('malformed', 'the sealed file has another message id than it was sent under')
    if (!ofFile(context))
      throw refusal('context_mismatch', 'the file was sealed for something else')
    return { messageId, digest, length, context }
  }

  const receiveFile = (facts, counter) => receipt({ ...facts, stage: 'received' }, counter)

  /**
   * Reads a stored file through, in constant memory, and signs that it could. The digest is that of
   * its arrival: a stored file that is not what it was then does not open.
   */
  async function openFile({ path, facts }, counter, { signal, change = (source) => source }) {
    return counters.run(counter, async () => {
      const { key, messageId, readable } = await opener.openStream(change(await fileSource(path)), {
        context: ofFile,
        signal,
      })
      const seen = await describeFile(readable)
      if (messageId !== facts.messageId)
        throw refusal('rejected', 'another file lies where this one was stored')
      return {
        seen,
        key,
        calls: [operations[key.alg], 'kms:Sign'],
        ...(await receipt({ ...facts, stage: 'opened', key: key.thumbprint }, counter)),
      }
    })
  }

  return {
    publisher: { documents: () => made.set.documents() },
    history: { documents: () => made.history.documents() },
    root: async () => (rootKey ??= await publicJwk({ kms, key: root })),
    pins,
    renew,
    signer: () => made.signer,
    receive,
    examine,
    receiveFile,
    openFile,
    ready: async () => {
      await Promise.all([
        opener.ready(),
        made.signer.ready(),
        made.set.documents(),
        made.history.documents(),
      ])
    },
    close: async () => {
      await Promise.all([opener.close(), made.signer.close()])
    },
  }
}
