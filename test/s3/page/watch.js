// A ledger around crypto.subtle.encrypt, for pages and processes. What is sealed is told before the
// sealed bytes are handed on, so that the ledger outlives whoever seals.
const copyOf = (data) =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new Uint8Array(data.slice(0))
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** An IV and an AAD that no message has: what a key makes of them names it, also after a reload. */
const probe = {
  name: 'AES-GCM',
  iv: new TextEncoder().encode('probe probe!'),
  additionalData: new TextEncoder().encode('which key is this?'),
}

/**
 * @param {(entry: string[]) => Promise<unknown>} tell - gets the name of a key, an IV, and the
 *   hashes of a plaintext and of its AAD
 */
export function watchEncrypt(tell) {
  const { subtle } = crypto
  const real = subtle.encrypt.bind(subtle)
  const hashOf = async (bytes) => hex(new Uint8Array(await subtle.digest('SHA-256', bytes)))
  const names = new WeakMap()
  const nameOf = async (key) => {
    if (!names.has(key))
      names.set(key, hex(new Uint8Array(await real(probe, key, new Uint8Array()))))
    return names.get(key)
  }
  subtle.encrypt = async (algorithm, key, data) => {
    if (algorithm.name !== 'AES-GCM') return real(algorithm, key, data)
    const [aad, iv, plaintext] = [algorithm.additionalData, algorithm.iv, data].map(copyOf)
    const sealed = await real(algorithm, key, data)
    const hashes = await Promise.all([hashOf(plaintext), hashOf(aad)])
    await tell([await nameOf(key), hex(iv), ...hashes])
    return sealed
  }
}

/** Tells a server, however long there is no network. */
export async function tellServer(url, body) {
  for (;;) {
    try {
      return await fetch(url, { method: 'POST', body })
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    }
  }
}

/**
 * Records that say where an upload is before they go on. Whoever hears it may end the page, or the
 * process.
 *
 * @param {(point: string) => Promise<unknown>} reached
 */
export function pointedRecords(records, reached) {
  return {
    ...records,
    async note(id, name, note) {
      const isPart = name.startsWith('part ')
      if (isPart) await reached('tags are durable')
      await records.note(id, name, note)
      if (isPart) await reached('the part has its row')
    },
    async remove(id) {
      await reached('the end was answered')
      await records.remove(id)
    },
  }
}
