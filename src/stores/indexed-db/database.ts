/**
 * A database of version 1 with these object stores.
 *
 * It is opened when it is first asked for, and again after the browser closed it.
 */
export function database(name: string, stores: readonly string[]): () => Promise<IDBDatabase> {
  let opened: Promise<IDBDatabase> | undefined
  const forget = (): void => {
    opened = undefined
  }
  return () => {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1)
      request.onupgradeneeded = () =>
        stores.forEach((store) => request.result.createObjectStore(store))
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        request.result.onclose = forget
        request.result.onversionchange = () => {
          request.result.close()
          forget()
        }
        resolve(request.result)
      }
    })
    opened.catch(forget)
    return opened
  }
}
