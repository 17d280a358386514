// The company's side: the only code here that calls KMS. It opens what pages sealed, and signs receipts for it.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { inspect } from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'

/** The contexts this companion takes. A value that was sealed for anything else is refused before KMS is asked. */
const expected = ({ form, part, ...others }) => form === 'insurance-claim' && ['message', 'file'].includes(part) && Object.keys(others).length === 0

const operations = { 'RSA-OAEP-256': 'kms:Decrypt', 'ECDH-ES+A256KW': 'kms:DeriveSharedSecret' }

/**
 * @param o.kms - how KMS is reached; in production leave it out for the AWS default chain
 * @param o.opens - aliases of the keys for values, preferred first
 * @param o.signs - alias of the key for receipts
 */
export function createCompanion({ kms, opens, signs }) {
  // One opener serves all requests; its events find their request through the asynchronous context.
  const counters = new AsyncLocalStorage()
  const opener = createOpener({ kms, keys: opens, onEvent: ({ kmsCalls }) => { counters.getStore().kmsCalls += kmsCalls } })
  const signer = createSigner({ kms, key: signs })
  const publisher = createPublisher({ kms, keys: [...opens, signs].map((key) => ({ key })) })

  async function receive(jwe, counter) {
    const opened = await counters.run(counter, () => opener.open(jwe, { context: expected }))
    const seen = opened.context.part === 'file' ? describeFile(opened.bytes) : describeForm(opened.json(), opened.bytes)
    const receipt = await signer.signReceipt({ ...await inspect(jwe), stage: 'opened', key: opened.key.thumbprint })
    counter.kmsCalls++ // kms:Sign
    return { seen, key: opened.key, calls: [operations[opened.key.alg], 'kms:Sign'], kmsCalls: counter.kmsCalls, stage: 'opened', receipt }
  }

  return {
    publisher,
    receive,
    ready: async () => { await Promise.all([opener.ready(), signer.ready(), publisher.documents()]) },
    close: async () => { await Promise.all([opener.close(), signer.close()]) },
  }
}

// A real companion stores what it opened and answers with the receipt alone. This one tells the page what it read, so that
// you can see that it could. Anyone can seal anything, so nothing is believed about the shape of what was opened.

function describeForm(form, bytes) {
  const entries = form !== null && typeof form === 'object' ? Object.entries(form).slice(0, 8) : [['value', form]]
  return {
    kind: 'form',
    size: bytes.length,
    fields: entries.map(([name, value]) => ({ name: short(name, 40), value: short(typeof value === 'string' ? value : JSON.stringify(value), 160) })),
  }
}

function describeFile(bytes) {
  const text = textOf(bytes)
  return {
    kind: 'file',
    type: typeOf(bytes) ?? (text === undefined ? 'Binary data' : 'Text'),
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    preview: text === undefined ? short(Buffer.from(bytes.subarray(0, 24)).toString('hex').replace(/(..)(?=.)/g, '$1 '), 80) : short(text, 160),
  }
}

const short = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text)

function typeOf(bytes) {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  const signatures = [['\x89PNG\r\n', 'PNG image'], ['\xff\xd8\xff', 'JPEG image'], ['GIF8', 'GIF image'], ['%PDF-', 'PDF document'], ['PK\x03\x04', 'ZIP archive or Office document']]
  return signatures.find(([signature]) => start.startsWith(signature))?.[1] ?? (/^RIFF.{4}WEBP/s.test(start) ? 'WebP image' : undefined)
}

function textOf(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /[\0-\x08\x0e-\x1f]/.test(text.slice(0, 4096)) ? undefined : text
  } catch {
    return undefined
  }
}
