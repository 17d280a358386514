// WebKitGTK reads what RSA-OAEP decrypts as a number and drops its leading zero bytes (libgcrypt).
//
// The library only encrypts with RSA, which is right there. But the readers of the tests, jose
// among them, need all bytes that were sealed.
const algorithm = {
  name: 'RSA-OAEP',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

/**
 * The lengths of what the suites wrap with RSA: the data key of a value, and the data key of a
 * stream with its digest.
 */
const lengths = [32, 80]
const mostZeros = 4

/**
 * Puts leading zero bytes back in a host that loses them. This holds for everything that runs after
 * it.
 *
 * @returns what was mended, for the report; undefined where nothing was
 */
export async function mendOaep() {
  const { subtle } = crypto
  const { publicKey, privateKey } = await subtle.generateKey(algorithm, false, [
    'encrypt',
    'decrypt',
  ])
  const back = await subtle.decrypt(
    'RSA-OAEP',
    privateKey,
    await subtle.encrypt('RSA-OAEP', publicKey, new Uint8Array([0, 1])),
  )
  if (back.byteLength === 2) return undefined
  const decrypt = subtle.decrypt.bind(subtle)
  SubtleCrypto.prototype.decrypt = async (how, key, bytes) => {
    const found = await decrypt(how, key, bytes)
    const length =
      (typeof how === 'string' ? how : how.name) === 'RSA-OAEP'
        ? lengths.find(
            (wanted) => found.byteLength < wanted && found.byteLength >= wanted - mostZeros,
          )
        : undefined
    if (length === undefined) return found
    const whole = new Uint8Array(length)
    whole.set(new Uint8Array(found), length - found.byteLength)
    return whole.buffer
  }
  return 'RSA-OAEP loses leading zero bytes when it decrypts: the suites put them back'
}
