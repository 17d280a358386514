// A company with a local KMS, and files that are sent to it by tus-js-client.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { importKeySet, inHand } from 'sealdrop'
import { startFront } from './servers.mjs'

export const context = { claim: '7' }
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** @param {(directory: string) => Promise<{ port: number, close: () => void }>} start - a server */
export async function makeTusWorld(start) {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-tus-world-'))
  const local = await startLocalKms({
    keys: [{ alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
  })
  const kms = local.clientConfig
  const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/claims' }] }).documents()
  const opener = createOpener({ kms, keys: ['alias/claims'] })
  const front = await startFront(start)
  return {
    front,
    jwks,
    keys: importKeySet(jwks, { trust: inHand() }),
    /** An empty folder. */
    async folder() {
      const made = join(folder, randomUUID())
      await mkdir(made)
      return made
    },
    /** A file on disk. */
    async file(length, { name = 'claim.bin', content = '' } = {}) {
      const bytes = randomBytes(length)
      bytes.write(content)
      const path = join(await this.folder(), name)
      await writeFile(path, bytes)
      return { path, bytes, hash: sha256(bytes) }
    },
    /** What the company opens of what a server stored, and the name of it. */
    async opened(url) {
      const { headers } = await fetch(url, {
        method: 'HEAD',
        headers: { 'tus-resumable': '1.0.0' },
      })
      const metadata = headers.get('upload-metadata') ?? ''
      const rows = metadata.split(',').filter((row) => row !== '')
      const [, value] = rows[0]?.split(' ') ?? []
      const sealedName = value && Buffer.from(value, 'base64').toString()
      const names = rows.map((row) => row.split(' ')[0])
      const sealed = new Blob([await front.stored(url)])
      const o = { context, digest: true, ...(sealedName && { sealedName }) }
      const { readable, digest, sealedLength, name } = await opener.openStream(sealed, o)
      const hash = createHash('sha256')
      for await (const chunk of readable) hash.update(chunk)
      return {
        hash: hash.digest('hex'),
        digest: await digest,
        length: await sealedLength,
        name: name?.name,
        names,
      }
    },
    async close() {
      await front.close()
      await opener.close()
      await local.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
