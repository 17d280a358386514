// A company that re-seals what it opens: keys of the local KMS, and files that were sealed to it.
import { KMSClient } from '@aws-sdk/client-kms'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { createArchiveReader, createOpener, createPublisher, createResealer } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from './counting-kms.mjs'

export const archiveKey = 'alias/archive'
/** What senders bind, and what the operator binds. */
export const sent = { form: 'claim' }
export const own = { store: 'claims', year: '2030' }

export const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer())

/** Code, message and whose of what a call fails with. */
export const failureOf = (work) =>
  work.then(
    () => ({ code: 'none', message: 'it did not fail', whose: undefined }),
    ({ code, message, whose }) => ({ code, message, whose }),
  )

/** The code of what work fails with that does not wait. */
export function codeOf(work) {
  try {
    work()
    return 'none'
  } catch (error) {
    return Object(error).code
  }
}

export async function archives(t) {
  /** @type {import('sealdrop/local-kms').TrailRecord[]} */
  const trail = []
  const local = await startLocalKms({
    regions: ['eu-west-1'],
    onCall: (record) => void trail.push(record),
    keys: [
      { alias: archiveKey, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'alias/other', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    ],
  })
  const { client, since } = countingKms(local.clientConfig)
  const admin = new KMSClient(local.clientConfig)
  const setOf = async (key) => {
    const { jwks } = await createPublisher({
      kms: client,
      keys: [{ key, withArn: true }],
    }).documents()
    return importKeySet(jwks, { trust: inHand() })
  }
  const sets = { rsa: await setOf('alias/rsa'), ecc: await setOf('alias/ecc') }
  const opener = createOpener({ kms: client, keys: ['alias/rsa', 'alias/ecc'] })
  await opener.ready()
  const resealer = createResealer({ kms: client, key: archiveKey, context: own })
  const arn = local.keys[archiveKey]
  const reader = createArchiveReader({ kms: client, keys: [arn] })
  t.after(async () => {
    await Promise.all([opener, resealer, reader].map((one) => one.close()))
    client.destroy()
    admin.destroy()
    await local.close()
  })
  /**
   * A file as a sender seals it.
   *
   * @param {string | Uint8Array<ArrayBuffer>} content
   * @param {{ keys?: import('sealdrop').KeySet, frameLength?: number }} [o]
   */
  const sealed = async (content, { keys = sets.ecc, ...o } = {}) => {
    const { readable } = await sealStream(keys, new Blob([content]), { context: sent, ...o })
    return bytesOf(readable)
  }
  /** What came, opened. */
  const opened = async (content) =>
    opener.openStream(await sealed(content, { frameLength: 1_000 }), { context: sent })
  /** An archive, and what is known of it. */
  const archived = async (content, o = {}) => {
    const written = await resealer.reseal(await opened(content), o)
    return { ...written, bytes: await bytesOf(written.readable) }
  }
  const read = async (source, o = {}, by = reader) =>
    bytesOf((await by.openStream(source, { context: own, ...o })).readable)
  return {
    local,
    client,
    since,
    admin,
    trail,
    arn,
    sets,
    opener,
    resealer,
    reader,
    sealed,
    opened,
    archived,
    read,
  }
}
