// The private half of test keys, behind the port that the room `open` calls. It uses WebCrypto, so
// that every host runs it.
import { keyPairs } from '../vectors/keys.js'

/**
 * Operations over test keys. `names` maps an ARN to the name of a key, or to a private JWK. Calls
 * are counted, and `answer` may replace an answer.
 */
export function privateOperations(names, answer = {}) {
  const pairOf = (arn) => keyPairs[names[arn]] ?? names[arn]
  const { subtle } = crypto
  const calls = []
  return {
    calls,
    decrypt: async (arn, ciphertext) => {
      calls.push({ operation: 'decrypt', arn })
      if (answer.decrypt) return answer.decrypt(arn, ciphertext)
      const key = await subtle.importKey(
        'jwk',
        { ...pairOf(arn), use: undefined },
        { name: 'RSA-OAEP', hash: 'SHA-256' },
        false,
        ['decrypt'],
      )
      return subtle.decrypt('RSA-OAEP', key, ciphertext).then(
        (raw) => new Uint8Array(raw),
        () => undefined,
      )
    },
    agree: async (arn, spki) => {
      calls.push({ operation: 'agree', arn })
      if (answer.agree) return answer.agree(arn, spki)
      const jwk = pairOf(arn)
      const algorithm = { name: 'ECDH', namedCurve: jwk.crv }
      const key = await subtle.importKey('jwk', jwk, algorithm, false, ['deriveBits'])
      const sender = await subtle.importKey('spki', spki, algorithm, false, [])
      const bits = { 'P-256': 256, 'P-384': 384, 'P-521': 528 }[jwk.crv]
      return new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: sender }, key, bits))
    },
  }
}
