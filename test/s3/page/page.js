// Sends what is chosen. The address says what else: partLength, inFlight, name=false, points=1 to
// tell the server where the upload is, and by=link: who sends is known by a link alone.
import { importKeySet, indexedDbRecords, inHand } from 'sealdrop'
import { takeDropLink, unfinishedUploads, uploadSealed, uploadTransport } from 'sealdrop/upload'
import { pointedRecords, tellServer, watchEncrypt } from '/watch.js'

const link = takeDropLink()
addEventListener('hashchange', () => /^#drop(=|%3D)/i.test(location.hash) && location.reload())

const asked = new URLSearchParams(location.search)
watchEncrypt((entry) => tellServer('/ledger', JSON.stringify(entry)))
const kept = indexedDbRecords()
const records = asked.has('points')
  ? pointedRecords(kept, (point) => tellServer('/point', point))
  : kept
const told = { state: 'idle', done: 0, total: 0 }
const show = (more) => {
  Object.assign(told, more)
  document.querySelector('progress').value = told.total ? told.done / told.total : 0
  document.querySelector('#state').textContent =
    `${told.state}: ${told.done} of ${told.total} bytes ${told.error ?? ''}`
}
const unfinished = async () =>
  (await unfinishedUploads(records)).map(({ messageId, name, size }) => ({ messageId, name, size }))
const showUnfinished = async () =>
  document.querySelector('ul').replaceChildren(
    ...(await unfinished()).map(({ name, size }) => {
      const item = document.createElement('li')
      item.textContent = `${name ?? 'a file'}, ${size} bytes`
      return item
    }),
  )

const { handler, jwks, context } = await (await fetch('/settings')).json()
const keys = importKeySet(jwks, { trust: inHand() })
const isByLink = asked.get('by') === 'link'
const transport = uploadTransport(handler, {
  headers: isByLink ? {} : { authorization: 'Bearer acme' },
})
const ask = transport.ask.bind(transport)
transport.ask = async (op, ...given) => {
  const answer = await ask(op, ...given)
  if (op === 'list') told.listed.push(...answer.parts.map(({ part }) => part))
  return answer
}

/** Records as they are in IndexedDB: the message id, and the parts that have a row. */
const recorded = () =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open('sealdrop', 1)
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const db = opening.result
      const rows = db.transaction('tags').objectStore('tags').getAllKeys()
      rows.onsuccess = () => {
        db.close()
        const found = {}
        for (const [id, title] of rows.result) {
          const parts = (found[id] ??= [])
          const [, part] = /^part (\d+)$/.exec(title) ?? []
          if (part) parts.push(Number(part))
        }
        resolve(found)
      }
    }
  })

async function send(file) {
  try {
    show({ listed: [], recorded: await recorded() })
    const upload = await uploadSealed(keys, file, {
      context,
      transport,
      records,
      link,
      ...(asked.has('partLength') && { partLength: Number(asked.get('partLength')) }),
      ...(asked.has('inFlight') && { inFlight: Number(asked.get('inFlight')) }),
      ...(asked.get('name') === 'false' && { name: false }),
      onProgress: show,
    })
    show({ state: upload.state, messageId: upload.messageId })
    const { key, length, digest, messageId } = await upload.done
    show({ state: upload.state, key, length, digest, messageId })
  } catch (error) {
    show({ state: 'failed', code: error.code, error: `${error.code ?? ''} ${error.message}` })
  }
  await showUnfinished()
}
document.querySelector('input').addEventListener('change', ({ target }) => {
  show({ state: 'sealing' })
  void send(target.files[0])
})
await showUnfinished()
const said = link && { subject: link.subject, context: link.context, files: link.files }
globalThis.page = { told, unfinished, handler, said }
