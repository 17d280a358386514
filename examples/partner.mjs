// A partner's script: seals a file to a company's key, without an AWS account.
// node partner.mjs report.pdf https://company.example/.well-known/jwks.json THUMBPRINT
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fetchKeySet, pinned, sealStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'

const [path, url, thumbprint] = process.argv.slice(2)
if (!path || !url || !thumbprint) {
  console.error('usage: node partner.mjs FILE KEY_SET_URL THUMBPRINT')
  process.exit(2)
}
// The thumbprint came by another way than the key set, for example in a contract or over the
// telephone.
const keys = fetchKeySet(url, { trust: pinned([{ thumbprint, use: 'enc' }]) })
const sealed = await sealStream(keys, await fileSource(path), { context: { form: 'report' } })
const part = `${path}.sealed.part`
try {
  await pipeline(Readable.fromWeb(/** @type {any} */ (sealed.readable)), createWriteStream(part))
  await rename(part, `${path}.sealed`)
} catch (error) {
  await rm(part, { force: true }) // no half file is left
  throw error
}
console.log(JSON.stringify({ messageId: sealed.messageId, digest: await sealed.digest }))
