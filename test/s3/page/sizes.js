// Sends all files that are chosen.
import { importKeySet, indexedDbRecords, inHand } from 'sealdrop'
import { uploadAll, uploadTransport } from 'sealdrop/upload'

const told = { state: 'idle', outcomes: [], progress: {} }

const { handler, jwks, context } = await (await fetch('/settings')).json()
const keys = importKeySet(jwks, { trust: inHand() })
const transport = uploadTransport(handler, { headers: { authorization: 'Bearer acme' } })

/** What is under way, so that a page that stands still can say at what. */
const pending = new Map()
for (const verb of ['ask', 'put']) {
  const real = transport[verb]
  transport[verb] = async (...given) => {
    const mark = {}
    pending.set(mark, [verb === 'ask' ? given[0] : verb, performance.now()])
    try {
      return await real(...given)
    } finally {
      pending.delete(mark)
    }
  }
}
/** Verbs that wait for an answer, with their milliseconds. Where it is none, the file is read. */
const waiting = () => Array.from(pending.values(), ([verb, at]) => [verb, performance.now() - at])

const outcomeOf = ({ file, status, value, reason }) => ({
  path: file.webkitRelativePath,
  name: file.name,
  size: file.size,
  status,
  ...(value && { key: value.key, length: value.length }),
  ...(reason && { error: `${reason.code ?? ''} ${reason.message}` }),
})

async function send(files) {
  Object.assign(told, { state: 'running', outcomes: [] })
  const began = performance.now()
  const all = uploadAll(keys, files, {
    context,
    transport,
    records: indexedDbRecords(),
    onProgress: (progress) => Object.assign(told, { progress }),
  })
  const outcomes = await all.done
  Object.assign(told, {
    state: 'done',
    seconds: (performance.now() - began) / 1_000,
    outcomes: outcomes.map(outcomeOf),
  })
}

/** A control: one long task. */
const busy = (ms) =>
  setTimeout(() => {
    const end = performance.now() + ms
    while (performance.now() < end);
  })
/** Sends the parts of the file as they are, by plain fetch. @returns seconds */
async function plain(urls, { part, inFlight }) {
  const [file] = document.querySelector('#files').files
  const left = urls.map((url, i) => [url, file.slice(i * part, (i + 1) * part)])
  const began = performance.now()
  const lane = async () => {
    for (let next; (next = left.shift());) {
      const { ok } = await fetch(next[0], { method: 'PUT', body: next[1] })
      if (!ok) throw new Error('a plain PUT was refused')
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return (performance.now() - began) / 1_000
}
for (const input of document.querySelectorAll('input'))
  input.addEventListener('change', () => {
    const files = [...input.files]
    // where a driver can choose no folder, its files are given the paths that they would have
    for (const [i, value] of (globalThis.page.paths ?? []).entries())
      Object.defineProperty(files[i], 'webkitRelativePath', { value })
    void send(files)
  })
globalThis.page = { told, busy, plain, waiting, paths: undefined }
