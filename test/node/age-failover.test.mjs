// Which answers of KMS let the next stanza of an age file be tried, and which end the work.
import test from 'node:test'
import { createCipheriv } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createAgeOpener } from 'sealdrop/age'
import { headerMac, payloadKey } from '#dist/age/file-key.js'
import { headerBytes } from '#dist/age/header.js'
import { pointAs, pointOf } from '#dist/age/p256.js'
import { wrapTagged } from '#dist/age/p256tag.js'
import { ageWorld, bytesOf, codeOf, plaintextOf, sealed } from '../support/age-world.mjs'
import { awsError, intercept } from '../support/intercept.mjs'
import { present } from '../support/types.mjs'

const world = await ageWorld()
const { local, recipients } = world
test.after(() => world.close())
const plaintext = plaintextOf(100)
const file = await sealed([recipients.claims, recipients.second], plaintext)

const fileKey = new Uint8Array(16)
const compressedOf = (name) => present(pointAs('compressed', pointOf(world.jwks[name])))
/** A file without plaintext that begins with these stanzas. */
const withHeader = (stanzas) => {
  const nonce = new Uint8Array(16)
  const cipher = createCipheriv('chacha20-poly1305', payloadKey(fileKey, nonce), lastNonce, {
    authTagLength: 16,
  })
  cipher.final()
  return Buffer.concat([
    headerBytes(stanzas, (authentic) => headerMac(fileKey, authentic)),
    nonce,
    cipher.getAuthTag(),
  ])
}
const lastNonce = Buffer.from('000000000000000000000001', 'hex')

/** An opener of both keys, of which KMS answers for the first one as a function says. */
async function opening(answerOf) {
  const client = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
  const asked = []
  intercept(client, async (operation, { KeyId }, go) => {
    if (operation !== 'DeriveSharedSecret') return go()
    asked.push(KeyId)
    return KeyId === local.keys['alias/claims'] ? answerOf(go) : go()
  })
  const opener = createAgeOpener({ kms: client, keys: ['alias/second', 'alias/claims'] })
  await opener.ready()
  return { opener, asked, close: () => client.destroy() }
}

const both = [local.keys['alias/claims'], local.keys['alias/second']]

for (const name of [
  'AccessDeniedException',
  'DisabledException',
  'KMSInvalidStateException',
  'NotFoundException',
  'KMSInternalException',
])
  test(`after ${name} the next stanza is tried, in the order of the file`, async () => {
    const { opener, asked, close } = await opening(async () => {
      throw awsError(name)
    })
    const { readable } = await opener.openStream(file)
    assert.deepEqual(await bytesOf(readable), plaintext)
    assert.deepEqual(asked, both)
    close()
  })

test('a key that does not answer is asked once, however many stanzas name it', async () => {
  for (const name of ['AccessDeniedException', 'DisabledException', 'KMSInternalException']) {
    const { opener, asked, close } = await opening(async () => {
      throw awsError(name)
    })
    const own = Array.from({ length: 64 }, () => wrapTagged(fileKey, compressedOf('claims')))
    const ours = withHeader([...own, wrapTagged(fileKey, compressedOf('second')), ...own.slice(1)])
    const { readable } = await opener.openStream(ours)
    assert.lengthOf(await bytesOf(readable), 0)
    assert.deepEqual(asked, both, name)
    asked.length = 0
    assert.isOk(await codeOf(opener.openStream(withHeader(own))))
    assert.deepEqual(asked, both.slice(0, 1), name)
    close()
  }
})

test('after a limit on calls the work is over', async () => {
  const { opener, asked, close } = await opening(async () => {
    throw awsError('ThrottlingException')
  })
  assert.equal(await codeOf(opener.openStream(file)), 'kms_throttled')
  assert.deepEqual(asked, both.slice(0, 1))
  close()
})

/** The answer with other bytes as its secret. */
const answering = (change) => async (go) => {
  const { output, ...rest } = await go()
  return { ...rest, output: { ...output, SharedSecret: change(output.SharedSecret) } }
}

test('after another secret the work is over, although the next stanza would open', async () => {
  const { opener, asked, close } = await opening(
    answering((secret) => secret.map((byte) => byte ^ 1)),
  )
  assert.equal(await codeOf(opener.openStream(file)), 'rejected')
  assert.deepEqual(asked, both.slice(0, 1))
  close()
})

test('a secret of another length is an answer that nobody understands', async () => {
  for (const change of [(secret) => secret.slice(1), (secret) => new Uint8Array([0, ...secret])]) {
    const { opener, asked, close } = await opening(answering(change))
    assert.equal(await codeOf(opener.openStream(file)), 'kms_unexpected')
    assert.deepEqual(asked, both.slice(0, 1))
    close()
  }
})

test('where none answers, the error is the one that may pass', async () => {
  const { opener, close } = await opening(async () => {
    throw awsError('KMSInternalException')
  })
  const only = await sealed(recipients.claims, plaintext)
  assert.equal(await codeOf(opener.openStream(only)), 'kms_unavailable')
  close()
})

test('a call that is given up while KMS is asked ends, and its source is given up', async () => {
  const stop = new AbortController()
  const { opener, close } = await opening(async (go) => {
    stop.abort(new Error('given up'))
    return go()
  })
  const given = []
  const long = await sealed(recipients.claims, plaintextOf(10_000))
  const source = new ReadableStream({
    start(controller) {
      controller.enqueue(long)
    },
    cancel: (reason) => void given.push(reason.message),
  })
  const failure = await opener
    .openStream(source, { signal: stop.signal })
    .catch(({ message }) => message)
  assert.equal(failure, 'given up')
  assert.deepEqual(given, ['given up'])
  close()
})
