// Sends one file, in a process of its own that may be killed. Its records lie in a folder, and it
// says on stdout how it ended.
import { pointedRecords, tellServer, watchEncrypt } from '../page/watch.js'

const { site, build, path, folder, partLength, inFlight, version } = JSON.parse(process.argv[2])
watchEncrypt((entry) => tellServer(`${site}/ledger`, JSON.stringify(entry)))
const door = (name) => import(new URL(`doors/${name}.js`, build).href)
const [{ importKeySet, inHand }, { fileRecords, fileSource }, { uploadSealed, uploadTransport }] =
  await Promise.all([door('index'), door('fs'), door('upload')])

const { handler, jwks, context } = await (await fetch(`${site}/settings`)).json()
const headers = { authorization: 'Bearer acme', origin: site }
const source = await fileSource(path)
/** A file system whose times nobody can trust, where a version is given. */
const sly = version && { ...source, version: async () => version }
try {
  const upload = await uploadSealed(importKeySet(jwks, { trust: inHand() }), sly ?? source, {
    context,
    transport: uploadTransport(handler, { headers }),
    records: pointedRecords(fileRecords(folder), (point) => tellServer(`${site}/point`, point)),
    partLength,
    inFlight,
  })
  const { key, length, digest, messageId } = await upload.done
  console.log(JSON.stringify({ state: 'done', key, length, digest, messageId }))
} catch (error) {
  const { code, message } = error
  console.log(JSON.stringify({ state: 'failed', code, error: `${code} ${message}` }))
}
