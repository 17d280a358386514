// Peers that seal and open streams, each with the fastest setting that its readme shows.
// streams.mjs and memory.mjs use them.
import { drain, freeStream, mib } from './streams.mjs'

/** age: X25519 and ChaCha20-Poly1305 in chunks of 64 KiB. */
export async function agePeer() {
  const { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } =
    await import('age-encryption')
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  return {
    seal: (stream) => {
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipient)
      return encrypter.encrypt(stream)
    },
    open: (stream) => {
      const decrypter = new Decrypter()
      decrypter.addIdentity(identity)
      return decrypter.decrypt(stream)
    },
  }
}

/** OpenPGP: X25519 and AES-256-GCM in chunks (RFC 9580). */
export async function openpgpPeer() {
  const openpgp = await import('openpgp')
  const config = {
    aeadProtect: true,
    preferredAEADAlgorithm: openpgp.enums.aead.gcm,
    preferredCompressionAlgorithm: openpgp.enums.compression.uncompressed,
    aeadChunkSizeByte: 13,
  }
  const { privateKey, publicKey } = await openpgp.generateKey({
    userIDs: [{ name: 'bench' }],
    format: 'object',
    config,
  })
  return {
    seal: async (binary) =>
      openpgp.encrypt({
        message: await openpgp.createMessage({ binary }),
        encryptionKeys: publicKey,
        format: 'binary',
        config,
      }),
    open: async (binaryMessage) =>
      (
        await openpgp.decrypt({
          message: await openpgp.readMessage({ binaryMessage, config }),
          decryptionKeys: privateKey,
          format: 'binary',
          config,
        })
      ).data,
  }
}

/**
 * AWS Encryption SDK for Node, under a raw AES key, with its default frame length and with ours.
 */
export async function awsPeer(frameLength) {
  const { Readable } = await import('node:stream')
  const { buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier } =
    await import('@aws-crypto/client-node')
  const { encryptStream, decryptUnsignedMessageStream } = buildClient(
    CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  )
  const keyring = new RawAesKeyringNode({
    keyName: 'bench',
    keyNamespace: 'bench',
    unencryptedMasterKey: new Uint8Array(32),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })
  const through = (stream, transform) => Readable.toWeb(Readable.fromWeb(stream).pipe(transform))
  return {
    seal: async (stream) =>
      // without a signature, as ours
      through(stream, encryptStream(keyring, { frameLength, suiteId: 0x0478 })),
    open: async (stream) => through(stream, decryptUnsignedMessageStream(keyring)),
  }
}

/** The peers by name. The last one runs in Node only. */
export const peers = {
  'age-encryption': agePeer,
  openpgp: openpgpPeer,
  ...(globalThis.process?.versions?.node && {
    'client-node, 4 KiB frames': () => awsPeer(4_096),
    'client-node, 512 KiB frames': () => awsPeer(524_288),
  }),
}

/** The message of a peer, held in memory. */
export async function messageOf(peer, size) {
  const parts = []
  const reader = (await peer.seal(freeStream(size))).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read())
    parts.push(read.value)
  return parts
}

/**
 * A stream of parts that stay in memory. They are no Blob, since Chromium fails to read Blobs that
 * together exceed its storage.
 */
function streamOf(parts) {
  const left = parts.values()
  return new ReadableStream(
    {
      pull: (controller) => {
        const { done, value } = left.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Contenders that seal and that open `size` bytes, by peer. */
export async function peerContenders(size = 256 * mib) {
  const sealing = {}
  const opening = {}
  for (const [name, make] of Object.entries(peers)) {
    const peer = await make()
    sealing[name] = async () => drain(await peer.seal(freeStream(size)))
    const message = await messageOf(peer, size)
    opening[name] = async () => drain(await peer.open(streamOf(message)))
  }
  return { sealing, opening }
}
