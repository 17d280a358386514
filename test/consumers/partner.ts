// A partner's script: Node types, no DOM, no AWS.
import { readFile } from 'node:fs/promises'
import { importKeySet, inHand, seal, verifySignature } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'

const keys = importKeySet(await readFile('key.pem'), { trust: inHand(), use: 'enc' })
const source = await fileSource('file')
export const jwe: string = await seal(keys, await source.read(0, source.size), { context: {} })
await verifySignature(keys, {
  message: 'x',
  signature: new Uint8Array(64),
  algorithm: 'ES256',
  encoding: 'ieee-p1363',
})
