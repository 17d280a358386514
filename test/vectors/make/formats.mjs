// Writes the examples of docs/formats/, by hand: it was run once. It fills in each `@@name@@`, so
// that a new example is made by putting that in the place of an old one.
//
//   node_modules/.bin/node test/vectors/make/formats.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { datedCompany } from '../../support/dated-company.mjs'
import { present } from '../../support/types.mjs'
import { keyPairs } from '../keys.js'

const folder = new URL('../../../docs/formats/', import.meta.url)
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString())
const shown = (value) => JSON.stringify(value, undefined, 2)
const at = (jws, index) => decoded(jws.split('\n')[0].split('.')[index])

/** The fields of a message with one frame to one ECC key, and what each is. */
function fieldsOf(message) {
  const lines = []
  let from = 0
  const take = (length, what) => {
    const bytes = message.subarray(from, from + length)
    lines.push(`${bytes.toString('hex')}  ${what}`)
    from += length
    return bytes
  }
  const length = (size, what) => take(size, what).readUIntBE(0, size)
  take(1, 'version')
  take(2, 'suite')
  take(32, 'message id')
  take(length(2, 'length of the context'), 'context: one pair')
  take(2, 'number of data keys')
  take(length(2, 'length of the provider id'), 'raw-ecdh')
  take(length(2, 'length of the provider info'), '01, recipient, ephemeral sender')
  take(length(2, 'length of the data key'), 'salt, commitment, encrypted key, tag')
  take(1, 'framed')
  const frame = length(4, 'frame length')
  take(32, 'commitment value')
  take(16, 'tag of the header')
  take(4, 'sequence number')
  take(12, 'IV')
  take(frame, 'ciphertext of the first frame')
  take(16, 'tag of the first frame')
  take(4, 'final frame')
  take(4, 'sequence number')
  take(12, 'IV')
  take(length(4, 'length of the content'), 'ciphertext of the final frame')
  take(16, 'tag of the final frame')
  if (from !== message.length) throw new Error('there is more in the message')
  return lines.join('\n')
}

async function ofValues() {
  const key = keyPairs['P-256-enc']
  const { d: _d, ...members } = key
  const keys = importKeySet(JSON.stringify(members), { trust: inHand(), use: 'enc' })
  const context = { form: 'claim' }
  const value = await seal(keys, { iban: 'DE02' }, { context })
  const { readable } = await sealStream(keys, new Blob(['a file']), { context, frameLength: 4 })
  return {
    value: {
      key: shown(key),
      header: shown(decoded(value.split('.')[0])),
      value,
      plaintext: '{"iban":"DE02"}',
    },
    message: { fields: fieldsOf(Buffer.from(await new Response(readable).arrayBuffer())) },
  }
}

async function ofCompany() {
  const ends = []
  const company = await datedCompany({ after: (end) => ends.push(end) })
  const { kms, store, root, now, rootJwk } = company
  const publisher = createPublisher({ kms, keys: store, root, now })
  const { jwks, jws } = await publisher.documents()
  const signing = present(company.stored('receipts'))
  const key = JSON.parse(jwks).keys.find(({ kid }) => kid === signing.thumbprint)
  const signer = createSigner({ kms, key: present(signing.arns?.[0]), now })
  const receipt = await signer.signReceipt({
    messageId: 'Yr6oSTuWwG4a8rB1d6ZzWA',
    length: 371,
    digest: 'H3m0GQUuj9Y9Z5yO6yTnJw0w3rDNsVYxgk4Wmd7Y3fE',
    context: { form: 'claim' },
    stage: 'opened',
  })
  const text = 'a file that is signed'
  const signature = await signer.signFile(new Blob([text]), {
    name: 'claim.txt',
    mediaType: 'text/plain',
    context: { form: 'claim' },
  })
  await company.revoke(signing, { reason: 'compromised' })
  const ofHistory = createPublisher({ kms, keys: store, root, now, history: true })
  const { jws: history } = await ofHistory.documents()
  for (const end of ends) await end()
  return {
    set: { root: shown(rootJwk), jwks: shown(JSON.parse(jwks)), signed: present(jws) },
    receipt: { key: shown(key), payload: shown(at(receipt, 1)), receipt },
    file: { key: shown(key), payload: shown(at(signature, 1)), text, signature },
    history: { claims: shown(at(present(history), 1)), signed: present(history) },
  }
}

const examples = { ...(await ofValues()), ...(await ofCompany()) }
for (const name of ['value', 'message-format', 'key-set', 'history', 'receipt', 'file-signature']) {
  const url = new URL(`${name}.md`, folder)
  const filled = readFileSync(url, 'utf8').replace(/@@(\w+)\.(\w+)@@/g, (_, theme, part) => {
    if (examples[theme]?.[part] === undefined) throw new Error(`no example ${theme}.${part}`)
    return examples[theme][part].trimEnd()
  })
  writeFileSync(url, filled)
}
