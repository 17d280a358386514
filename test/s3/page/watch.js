// A ledger around crypto.subtle.encrypt. What a frame is sealed from is told to a server before the
// sealed frame is handed on, so that it outlives this page.
{
  const { subtle } = crypto
  const real = subtle.encrypt.bind(subtle)
  const copyOf = (data) =>
    ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
      : new Uint8Array(data.slice(0))
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const hashOf = async (bytes) => hex(new Uint8Array(await subtle.digest('SHA-256', bytes)))
  const isFrame = (aad) => new TextDecoder('latin1').decode(aad.slice(32, 38)) === 'AWSKMS'
  const isHeader = (aad) => aad[0] === 2 && aad[2] === 0x78
  const others = new WeakMap()
  /** A key that seals no message lives in this page only. */
  const otherOf = (key) => {
    if (!others.has(key)) others.set(key, crypto.randomUUID())
    return others.get(key)
  }
  /** The message's id stands at the start of a frame's AAD, and behind 3 bytes of a header's. */
  const keyOf = (key, aad) => {
    if (isFrame(aad)) return hex(aad.slice(0, 32))
    return isHeader(aad) ? hex(aad.slice(3, 35)) : otherOf(key)
  }
  const tell = async (body) => {
    for (;;) {
      try {
        return await fetch('/ledger', { method: 'POST', body })
      } catch {
        // the page has no network
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
      }
    }
  }
  subtle.encrypt = async (algorithm, key, data) => {
    if (algorithm.name !== 'AES-GCM') return real(algorithm, key, data)
    const [aad, iv, plaintext] = [algorithm.additionalData, algorithm.iv, data].map(copyOf)
    const sealed = await real(algorithm, key, data)
    const hashes = await Promise.all([hashOf(plaintext), hashOf(aad)])
    await tell(JSON.stringify([keyOf(key, aad), hex(iv), ...hashes]))
    return sealed
  }
}
