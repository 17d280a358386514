// Operations a second of the local KMS for each kind of key, through the AWS client.
//
// Two figures stand beside: the same client at an endpoint that answers the same JSON and does
// nothing, and the operation alone in this process.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { KMS } from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { agree } from '#dist/local-kms/crypto/agreement.js'
import { encapsulate, decapsulate } from '#dist/local-kms/crypto/encapsulation.js'
import { generateMac } from '#dist/local-kms/crypto/mac.js'
import { generateMaterial, publicKeyOf } from '#dist/local-kms/crypto/material.js'
import { decryptOaep, encryptOaep } from '#dist/local-kms/crypto/oaep.js'
import { sign } from '#dist/local-kms/crypto/signing.js'
import { listeningPort, present } from '../test/support/types.mjs'
import { columns, number } from './columns.mjs'
import { compare } from './values.mjs'

const message = Buffer.alloc(64, 7)
const oaep = 'RSAES_OAEP_SHA_256'

/** @import { MessageType } from '#dist/local-kms/crypto/signing.js' */
/** @import { Material } from '#dist/local-kms/crypto/material.js' */
/** @typedef {(operation: string, input: object) => Promise<object>} Call */
/** @typedef {{ spec: string, KeyId: string, kms: Call, material: Material }} BenchKey */
/** @typedef {{ MessageType?: string, SigningAlgorithm?: string, [member: string]: unknown }} Input */
/** @typedef {{ operation: string, input: Input, bare: () => unknown }} Work */

/**
 * What is done with a key, and the same without HTTP. Each gets key, client and material, and gives
 * the input of the call and the bare operation.
 */
const signing =
  (algorithm, /** @type {MessageType} */ MessageType = 'RAW', Message = message) =>
  async ({ spec, material }) => ({
    operation: 'Sign',
    input: { Message, MessageType, SigningAlgorithm: algorithm },
    bare: () => sign(spec, material, { algorithm, messageType: MessageType, message: Message }),
  })
const decrypting = async ({ spec, material, kms, KeyId }) => {
  const { CiphertextBlob } = await kms('Encrypt', {
    KeyId,
    Plaintext: message.subarray(0, 32),
    EncryptionAlgorithm: oaep,
  })
  const sealed = encryptOaep(spec, material, oaep, message.subarray(0, 32))
  return {
    operation: 'Decrypt',
    input: { CiphertextBlob, EncryptionAlgorithm: oaep },
    bare: () => decryptOaep(spec, material, oaep, sealed),
  }
}
const deriving = async ({ spec, material }) => {
  const PublicKey = publicKeyOf(spec, await generateMaterial(spec))
  return {
    operation: 'DeriveSharedSecret',
    input: { PublicKey, KeyAgreementAlgorithm: 'ECDH' },
    bare: () => agree(spec, material, 'ECDH', PublicKey),
  }
}
const decapsulating = async ({ spec, material, kms, KeyId }) => {
  const { SharedSecretCiphertextBlob } = await kms('Encapsulate', {
    KeyId,
    EncapsulationAlgorithm: 'ML_KEM',
  })
  const { ciphertext } = encapsulate(spec, material, 'ML_KEM')
  return {
    operation: 'Decapsulate',
    input: { SharedSecretCiphertextBlob, EncapsulationAlgorithm: 'ML_KEM' },
    bare: () => decapsulate(spec, material, 'ML_KEM', ciphertext),
  }
}
const symmetric = async ({ kms, KeyId, material }) => {
  const { sealBlob, parseBlob } = await import('#dist/local-kms/crypto/ciphertext.js')
  const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext: message })
  const blob = sealBlob({ keyId: 'k', materialId: 'm', secret: material.secret }, message)
  return {
    operation: 'Decrypt',
    input: { CiphertextBlob },
    bare: () => present(parseBlob(blob)).open(material.secret),
  }
}
const mac =
  (bits) =>
  async ({ spec, material }) => ({
    operation: 'GenerateMac',
    input: { Message: message, MacAlgorithm: `HMAC_SHA_${bits}` },
    bare: () => generateMac(spec, material, `HMAC_SHA_${bits}`, message),
  })

/**
 * A kind of key, and what is done with one.
 *
 * @param {string} spec
 * @param {string} KeyUsage
 * @param {(key: BenchKey) => Promise<Work>} prepare
 */
const row = (spec, KeyUsage, prepare) => ({ spec, KeyUsage, prepare })

const rows = [
  ...['RSA_2048', 'RSA_3072', 'RSA_4096'].flatMap((spec) => [
    row(spec, 'ENCRYPT_DECRYPT', decrypting),
    row(spec, 'SIGN_VERIFY', signing('RSASSA_PSS_SHA_256')),
  ]),
  ...[256, 384, 521].flatMap((bits) => {
    const spec = `ECC_NIST_P${bits}`
    const hash = bits === 521 ? 512 : bits
    const digest = Buffer.alloc(hash / 8, 7)
    return [
      row(spec, 'SIGN_VERIFY', signing(`ECDSA_SHA_${hash}`)),
      row(spec, 'SIGN_VERIFY', signing(`ECDSA_SHA_${hash}`, 'DIGEST', digest)),
      row(spec, 'KEY_AGREEMENT', deriving),
    ]
  }),
  row('ECC_SECG_P256K1', 'SIGN_VERIFY', signing('ECDSA_SHA_256')),
  row('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', signing('ED25519_SHA_512')),
  ...[44, 65, 87].map((level) =>
    row(`ML_DSA_${level}`, 'SIGN_VERIFY', signing('ML_DSA_SHAKE_256')),
  ),
  ...[512, 768, 1024].map((level) =>
    row(`ML_KEM_${level}`, 'ENCAPSULATE_DECAPSULATE', decapsulating),
  ),
  row('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', symmetric),
  ...[224, 256, 384, 512].map((bits) => row(`HMAC_${bits}`, 'GENERATE_VERIFY_MAC', mac(bits))),
]

/** An endpoint that does nothing. It answers the same small JSON to every request. */
async function emptyEndpoint() {
  const body = JSON.stringify({ KeyId: 'k', Plaintext: message.toString('base64') })
  const server = createServer((request, response) => {
    request.resume().on('end', () =>
      response
        .writeHead(200, {
          'content-type': 'application/x-amz-json-1.1',
          'content-length': body.length,
        })
        .end(body),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${listeningPort(server)}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The method of the AWS client that calls an operation. */
const methodOf = (operation) => operation[0].toLowerCase() + operation.slice(1)

/** A table of all kinds of keys. */
export async function localKmsReport() {
  const local = await startLocalKms()
  const empty = await emptyEndpoint()
  const clientAt = (endpoint) => {
    const client = new KMS({ ...local.clientConfig, endpoint })
    return (operation, input) => client[methodOf(operation)](input)
  }
  const kms = clientAt(local.url)
  const nothing = clientAt(empty.url)
  const widths = [-24, -38, 11, 9, 9, 10, 18]
  const heads = ['key', 'operation', 'local KMS', 'empty', 'bare', 'of empty', 'of both in a row']
  console.log(`Local KMS, Node ${process.version}, one call at a time: operations a second`)
  console.log(columns(widths, heads))
  for (const { spec, KeyUsage, prepare } of rows) {
    const {
      KeyMetadata: { Arn: KeyId },
    } = await kms('CreateKey', { KeySpec: spec, KeyUsage })
    const { operation, input, bare } = await prepare({
      spec,
      KeyId,
      kms,
      material: await generateMaterial(spec),
    })
    const rates = await compare(
      {
        local: () => kms(operation, { KeyId, ...input }),
        empty: () => nothing(operation, { KeyId, ...input }),
        bare: async () => bare(),
      },
      { rounds: 5, slice: 100 },
    )
    // HTTP and the operation, one after the other
    const ideal = 1 / (1 / rates.empty + 1 / rates.bare)
    const digest = input.MessageType === 'DIGEST' ? ' DIGEST' : ''
    console.log(
      columns(widths, [
        spec,
        `${operation} ${input.SigningAlgorithm ?? ''}${digest}`,
        ...[rates.local, rates.empty, rates.bare].map((rate) => number(rate)),
        number(rates.local / rates.empty, 2),
        number(rates.local / ideal, 2),
      ]),
    )
  }
  await local.close()
  empty.close()
}
