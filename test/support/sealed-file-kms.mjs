// Sealed files, and keys of the local KMS that open them.
import { copyFile, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from './counting-kms.mjs'
import { pattern } from './sealed-files.js'

/** @import { StreamOptions } from 'sealdrop' */

export const context = { form: 'claim' }
export const content = pattern(3_000_000)
/** The alias of the key that signs receipts. */
export const signingKey = 'alias/ECC_NIST_P384'
const rows = [
  { alias: 'alias/RSA_2048', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  { alias: 'alias/ECC_NIST_P256', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  { alias: signingKey, spec: 'ECC_NIST_P384', usage: 'SIGN_VERIFY' },
]

/** Flips a bit of a file. */
export async function flip(path, place) {
  const handle = await open(path, 'r+')
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place)
  await handle.write(Buffer.from([buffer[0] ^ 1]), 0, 1, place)
  await handle.close()
}

/** What the tests of a file share: a local KMS with an opener, and a file that is sealed. */
export async function sealedFiles(test) {
  const local = await startLocalKms({ keys: rows })
  const { client, since } = countingKms(local.clientConfig)
  const opener = createOpener({ kms: client, keys: rows.slice(0, 2).map(({ alias }) => alias) })
  await opener.ready()
  const publish = async ({ alias }) => {
    const keys = [{ key: alias, withArn: true }]
    const { jwks } = await createPublisher({ kms: client, keys }).documents()
    return importKeySet(jwks, { trust: inHand() })
  }
  const [rsa, ecc, signatures] = await Promise.all(rows.map(publish))
  const root = await mkdtemp(join(tmpdir(), 'sealdrop-files-'))
  test.after(async () => {
    await opener.close()
    await local.close()
    await rm(root, { recursive: true })
  })
  let count = 0
  const newFolder = async () => {
    const path = join(root, `${++count}`)
    await mkdir(path)
    return path
  }
  /** @param {Partial<StreamOptions>} o */
  const sealTo = async (path, source, keys = rsa, o = {}) => {
    const sealed = await sealStream(keys, source, { context, frameLength: 200_000, ...o })
    await writeFile(path, sealed.readable)
    return { ...sealed, digest: await sealed.digest }
  }
  const plain = join(root, 'plain')
  await writeFile(plain, content)
  const sealedPath = join(root, 'sealed')
  const sealed = await sealTo(sealedPath, await fileSource(plain))
  /** A copy of the sealed file, changed. */
  const changed = async (change) => {
    const path = join(await newFolder(), 'sealed')
    await copyFile(sealedPath, path)
    await change(path)
    return path
  }
  since()
  return {
    client,
    since,
    opener,
    sets: { RSA_2048: rsa, ECC_NIST_P256: ecc },
    signatures,
    root,
    newFolder,
    sealTo,
    changed,
    plain,
    sealedPath,
    sealed,
  }
}
