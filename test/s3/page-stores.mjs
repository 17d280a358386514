// Functions that run in a page: what its stores hold, and what plants a text in each of them.

/**
 * All that the page's origin keeps, as text: bytes one character each.
 *
 * @returns {Promise<(readonly [place: string, text: string])[]>}
 */
export async function storedInPage() {
  const latin1 = (bytes) => {
    let text = ''
    for (let i = 0; i < bytes.length; i += 8_192)
      text += String.fromCharCode(...bytes.subarray(i, i + 8_192))
    return text
  }
  const bytesOf = (value) =>
    ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value)
  const textOf = async (value) => {
    if (value instanceof Blob)
      return `${value['name']} ${latin1(bytesOf(await value.arrayBuffer()))}`
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return latin1(bytesOf(value))
    if (Array.isArray(value)) return (await Promise.all(value.map(textOf))).join('\n')
    if (value && typeof value === 'object' && !(value instanceof CryptoKey))
      return textOf(Object.entries(value))
    return String(value)
  }
  const ended = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const found = []
  for (const { name } of await indexedDB.databases()) {
    const db = await ended(indexedDB.open(String(name)))
    for (const store of db.objectStoreNames) {
      const open = () => db.transaction(store).objectStore(store)
      const rows = [await ended(open().getAllKeys()), await ended(open().getAll())]
      found.push([`IndexedDB ${name} ${store}`, await textOf(rows)])
    }
    db.close()
  }
  found.push(['localStorage', await textOf(Object.entries(localStorage))])
  found.push(['sessionStorage', await textOf(Object.entries(sessionStorage))])
  found.push(['cookies', document.cookie])
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      const response = await cache.match(request)
      const body = latin1(bytesOf(await response?.arrayBuffer()))
      found.push([`cache ${name}`, `${request.url} ${body}`])
    }
  }
  const walk = async (folder, path) => {
    for await (const [name, entry] of folder.entries()) {
      if (entry.kind === 'directory') await walk(entry, `${path}${name}/`)
      else found.push([`OPFS ${path}${name}`, await textOf(await entry.getFile())])
    }
  }
  await walk(await navigator.storage.getDirectory(), '')
  return found
}

/** Puts a text into each store, and sends it to both servers. */
export async function plantInPage({ text, handler, bucket }) {
  const bytes = new TextEncoder().encode(text)
  const request = indexedDB.open('planted', 1)
  await new Promise((resolve, reject) => {
    request.onupgradeneeded = () => request.result.createObjectStore('rows')
    request.onsuccess = resolve
    request.onerror = reject
  })
  const { result: db } = request
  await new Promise((resolve) => {
    const transaction = db.transaction('rows', 'readwrite')
    transaction.objectStore('rows').put({ in: [{ bytes }] }, 'key')
    transaction.oncomplete = resolve
  })
  db.close()
  localStorage.setItem('planted', text)
  sessionStorage.setItem('planted', text)
  document.cookie = `planted=${text}`
  await (await caches.open('planted')).put('/planted', new Response(bytes))
  const folder = await navigator.storage.getDirectory()
  const writable = await (await folder.getFileHandle('planted', { create: true })).createWritable()
  await writable.write(bytes)
  await writable.close()
  const send = (url, method, mode, body) => fetch(url, { method, mode, body }).catch(() => {})
  await send(handler, 'POST', 'no-cors', btoa(text))
  await send(`${bucket}/inbox/planted`, 'PUT', 'cors', bytes)
}
