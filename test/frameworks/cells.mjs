// What a test of somebody's app does with sealdrop: bytes, Blobs, streams, Dates and URLs are the
// ones of its realm. `through` stands for a reactive store, which wraps what it keeps.
import { createServer } from 'node:http'
import { KMSClient, SignCommand, VerifyCommand } from '@aws-sdk/client-kms'
import { createSigner, createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetListener } from 'sealdrop/serve'
import {
  createFileSealer,
  createSealer,
  fetchKeySet,
  importKeySet,
  inHand,
  overHttps,
  seal,
  sealStream,
  verify,
  verifySignature,
} from 'sealdrop'

const context = { order: '7' }
const text = 'Zoë pays 12,50 €'

function check(condition, what) {
  if (!condition) throw new Error(`expected ${what}`)
}

const sameBytes = (found) =>
  check(
    [...new Uint8Array(found)].join() === [...Buffer.from(text)].join(),
    `the bytes that were sealed, found ${found.length}`,
  )

/** Every key spec that the local KMS has; a test of an app starts one in its own realm. */
const specs = {
  ENCRYPT_DECRYPT: ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SYMMETRIC_DEFAULT'],
  KEY_AGREEMENT: ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521'],
  SIGN_VERIFY: [
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
    'ML_DSA_44',
    'ML_DSA_65',
    'ML_DSA_87',
  ],
  GENERATE_VERIFY_MAC: ['HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512'],
  ENCAPSULATE_DECAPSULATE: ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'],
}
const allKeys = Object.entries(specs).flatMap(([usage, own]) =>
  own.map((spec) => ({ alias: `${usage}/${spec}`, spec, usage })),
)

/**
 * A local KMS with a key of every spec, a server of its key set, an opener and a signer.
 *
 * @param {object} [o]
 * @param {<T extends object>(object: T) => T} [o.through]
 * @param {typeof globalThis} [o.realm] what has the Uint8Array and the Date of the app
 */
export async function startHost({ through = (object) => object, realm = globalThis } = {}) {
  const bytes = () => realm.Uint8Array.from(Buffer.from(text))
  const kms = await startLocalKms({
    keys: [
      { alias: 'rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'ec', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      ...allKeys,
    ],
  })
  const names = ['alias/rsa', 'alias/ec', 'alias/sign']
  const publisher = createPublisher({
    kms: kms.clientConfig,
    keys: names.map((key) => ({ key, withArn: true })),
  })
  const server = createServer(keySetListener(publisher))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`)
  const opener = through(createOpener({ kms: kms.clientConfig, keys: names.slice(0, 2) }))
  const signer = through(createSigner({ kms: kms.clientConfig, key: 'alias/sign' }))
  const keys = (prefer = 'RSA-OAEP-256') =>
    through(fetchKeySet(url, { trust: overHttps(), prefer: [prefer] }))
  const close = async () => {
    await opener.close()
    await signer.close()
    await new Promise((resolve) => server.close(() => resolve(undefined)))
    await kms.close()
  }
  const documents = () => publisher.documents()
  return { keys, opener, signer, through, bytes, realm, close, documents, kms }
}

/** The chunks of a stream, joined. */
async function drained(stream) {
  const chunks = []
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    chunks.push(Buffer.from(value))
  }
}

const streamOf = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })

async function* iterated(...chunks) {
  yield* chunks
}

/** Values in every form that bytes have. */
async function sealed({ keys, opener, through, bytes, realm }) {
  for (const kind of ['RSA-OAEP-256', 'ECDH-ES+A256KW']) {
    const set = keys(kind)
    for (const value of [bytes(), bytes().buffer, Buffer.from(text)])
      sameBytes((await opener.open(await seal(set, value, { context }), { context })).bytes)
    const record = through({ paid: new realm.Date(0), list: [1, { a: null }] })
    const opened = await opener.open(await seal(set, record, { context }), { context })
    check(JSON.stringify(opened.json()) === JSON.stringify(record), 'the record')
    const sealer = through(createSealer(set))
    check(
      (await opener.open(await sealer.seal(text, { context }), { context })).text() === text,
      'the text',
    )
  }
}

/** Files in every form that a source has. */
async function streams({ keys, opener, through, bytes }) {
  const set = keys()
  const sources = [
    bytes(),
    bytes().buffer,
    Buffer.from(text),
    new Blob([text]),
    new File([text], 'claim.txt'),
    streamOf(bytes().slice(0, 4), bytes().slice(4)),
    iterated(bytes()),
    { size: bytes().length, read: async (start, end) => bytes().slice(start, end) },
  ]
  for (const source of sources) {
    const { readable } = await sealStream(set, source, { context })
    const message = await drained(readable)
    const opened = await opener.openStream(message, { context })
    sameBytes(await drained(opened.readable))
  }
  const sealer = through(await createFileSealer(set, new Blob([text]), { context }))
  const part = await sealer.slice(0, sealer.length)
  sameBytes(await drained((await opener.openStream(part, { context })).readable))
  await sealer.close()
}

/** Signatures over values and over bytes. */
async function verified({ keys, signer, documents, bytes, realm }) {
  const set = keys()
  const found = await verify(set, await signer.sign({ paid: 12 }))
  check(found.json().paid === 12, 'what was signed')
  const held = importKeySet(JSON.parse((await documents()).jwks), { trust: inHand() })
  const proof = await verify(held, await signer.sign(bytes()), { heldSince: new realm.Date() })
  sameBytes(proof.bytes)
  const lines = await signer.signFile(new realm.URL(import.meta.url))
  check(lines.split('\n').length === 2, 'a signature over a file')
  const error = await verifySignature(set, {
    message: bytes(),
    signature: bytes(),
    alg: 'ES256',
  }).catch((cause) => cause)
  check(/^(malformed|rejected)$/.test(error.code), `a code, found ${error.code ?? error}`)
}

/** Opening says the same in every realm: what was opened, and why not. */
async function opens({ keys, opener }) {
  const jwe = await seal(keys(), { context: 'wrong' }, { context })
  const error = await opener.open(jwe, { context: { order: '8' } }).catch((cause) => cause)
  check(error.code === 'context_mismatch', `context_mismatch, found ${error.code ?? error}`)
  const { key } = await opener.open(jwe, { context: (found) => found.order === '7' })
  check(typeof key.thumbprint === 'string', 'the key')
}

/** How each key of the local KMS signs, so that every one of its libraries works in this realm. */
const signing = {
  ECC_NIST_P256: 'ECDSA_SHA_256',
  ECC_NIST_P384: 'ECDSA_SHA_384',
  ECC_NIST_P521: 'ECDSA_SHA_512',
  ECC_SECG_P256K1: 'ECDSA_SHA_256',
  ECC_NIST_EDWARDS25519: 'ED25519_SHA_512',
  ML_DSA_44: 'ML_DSA_SHAKE_256',
  ML_DSA_65: 'ML_DSA_SHAKE_256',
  ML_DSA_87: 'ML_DSA_SHAKE_256',
}

/** The local KMS signs and verifies by every kind of signing key. */
async function everySpec({ kms }) {
  const client = new KMSClient(kms.clientConfig)
  for (const [spec, algorithm] of Object.entries(signing)) {
    const asked = {
      KeyId: `alias/SIGN_VERIFY/${spec}`,
      Message: Uint8Array.from(Buffer.from(text)),
      MessageType: /** @type {const} */ ('RAW'),
      SigningAlgorithm: /** @type {import('@aws-sdk/client-kms').SigningAlgorithmSpec} */ (
        algorithm
      ),
    }
    const { Signature } = await client.send(new SignCommand(asked))
    const { SignatureValid } = await client.send(new VerifyCommand({ ...asked, Signature }))
    check(SignatureValid, `a valid signature by ${spec}`)
  }
  client.destroy()
}

export const cells = {
  seal: sealed,
  sealStream: streams,
  verify: verified,
  open: opens,
  'local KMS': everySpec,
}
