// A process that sends a file by tus, or goes on with it, and prints what left.
import { fileRecords, fileSource } from 'sealdrop/fs'
import { importKeySet, inHand } from 'sealdrop'
import { prepared } from './client.mjs'

const { path, folder, jwks, ...o } = JSON.parse(process.env.SENDER ?? '')
const { upload, sent } = await prepared(await fileSource(path), {
  keys: importKeySet(jwks, { trust: inHand() }),
  records: fileRecords(folder),
  name: 'claim.bin',
  ...o,
})
const told = await sent()
console.log(JSON.stringify({ ...told, url: upload.url }))
