// The JavaScript SDK for Node has no keyring for KMS RSA keys: this one makes it an independent
// reader and writer.
import { constants, createHash, publicEncrypt, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  EncryptedDataKey,
  immutableClass,
  KeyringNode,
  KeyringTraceFlag,
  unwrapDataKey,
} from '@aws-crypto/client-node'
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms'

const require = createRequire(import.meta.url)
const { version } = require('@aws-crypto/client-node/package.json')
const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

const provider = 'aws-kms-rsa'
const digestLength = 48
const u16 = (number) => Buffer.of(number >> 8, number & 255)
const sized = (text) => [u16(Buffer.byteLength(text)), Buffer.from(text)]

/** Kept apart from the SDK's own serialization, which its public interface does not give. */
function contextDigest(context) {
  const pairs = Object.entries(context).sort(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  const bytes = pairs.length === 0 ? [] : [u16(pairs.length), ...pairs.flat().flatMap(sized)]
  return createHash('sha384').update(Buffer.concat(bytes)).digest()
}

class KmsRsaKeyring extends KeyringNode {
  /** @param {{ kms: KMSClient, arn: string, publicKeyPem: string }} key */
  constructor({ kms, arn, publicKeyPem }) {
    super()
    this.kms = kms
    this.arn = arn
    this.publicKeyPem = publicKeyPem
  }

  trace(flags) {
    return { keyNamespace: provider, keyName: this.arn, flags }
  }

  async _onEncrypt(material) {
    const { GENERATED, ENCRYPTED } = flags
    if (!material.hasUnencryptedDataKey)
      material.setUnencryptedDataKey(
        randomBytes(material.suite.keyLengthBytes),
        this.trace(GENERATED),
      )
    const key = {
      key: this.publicKeyPem,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
    }
    const plaintext = Buffer.concat([
      contextDigest(material.encryptionContext),
      unwrapDataKey(material.getUnencryptedDataKey()),
    ])
    const dataKey = new EncryptedDataKey({
      providerId: provider,
      providerInfo: this.arn,
      encryptedDataKey: publicEncrypt(key, plaintext),
    })
    return material.addEncryptedDataKey(dataKey, ENCRYPTED)
  }

  async _onDecrypt(material, dataKeys) {
    const mine = dataKeys.find(
      ({ providerId, providerInfo }) => providerId === provider && providerInfo === this.arn,
    )
    if (!mine || material.hasValidKey()) return material
    const command = new DecryptCommand({
      KeyId: this.arn,
      CiphertextBlob: mine.encryptedDataKey,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    const { Plaintext } = await this.kms.send(command)
    if (!Plaintext) throw new Error('kms:Decrypt answered no plaintext')
    const expected = contextDigest(material.encryptionContext)
    if (!expected.equals(Plaintext.subarray(0, digestLength)))
      throw new Error('the data key belongs to another context')
    return material.setUnencryptedDataKey(
      Plaintext.slice(digestLength),
      this.trace(flags.DECRYPTED),
    )
  }
}
immutableClass(KmsRsaKeyring)

const flags = {
  GENERATED: KeyringTraceFlag.WRAPPING_KEY_GENERATED_DATA_KEY,
  ENCRYPTED:
    KeyringTraceFlag.WRAPPING_KEY_ENCRYPTED_DATA_KEY | KeyringTraceFlag.WRAPPING_KEY_SIGNED_ENC_CTX,
  DECRYPTED:
    KeyringTraceFlag.WRAPPING_KEY_DECRYPTED_DATA_KEY |
    KeyringTraceFlag.WRAPPING_KEY_VERIFIED_ENC_CTX,
}

const verbs = {
  async seal(keyring, { context, frameLength, plaintextFile, messageFile }) {
    const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
    const { result } = await encrypt(keyring, await readFile(plaintextFile), {
      suiteId,
      encryptionContext: context,
      frameLength,
    })
    await writeFile(messageFile, result)
    return { length: result.length }
  },
  async open(keyring, { context, messageFile }) {
    const { plaintext, messageHeader } = await decrypt(keyring, await readFile(messageFile))
    if (!isDeepStrictEqual({ ...messageHeader.encryptionContext }, context))
      throw new Error('the context that came out is another')
    return {
      length: plaintext.length,
      sha256: createHash('sha256').update(plaintext).digest('hex'),
    }
  },
}

/** The same protocol as the foreign programs, without the files. */
export async function runInNode(jobs, clientConfig) {
  const kms = new KMSClient(clientConfig)
  const run = async ({ kind, keys: [key, ...more], ...job }) => {
    if (key.keyring !== 'rsa' || more.length > 0)
      throw new Error('it has one keyring, for one RSA key')
    return verbs[kind](new KmsRsaKeyring({ kms, ...key }), job)
  }
  const results = []
  for (const job of jobs)
    results.push(await run(job).catch((error) => ({ error: `${error.name}: ${error.message}` })))
  kms.destroy()
  return { sdk: `@aws-crypto/client-node ${version}`, results }
}
