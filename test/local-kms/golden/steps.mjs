// The small language of the rows. A step is
//   { call, input, as, in, expect }  an operation; its answer is kept under `as`; `in` is another Region; `expect` is what AWS answered
//   { local, as }                    what a caller computes by itself, from what was kept
// A step without `expect` has to succeed. In inputs and expected texts `${name}` is the key id of a key that was made under that
// name, `${name.arn}` its ARN, `${name.Member}` a member of any kept answer; `${account}` and `${region}` are those of the server.
import { Buffer } from 'node:buffer'
import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'

export const key = (as, input = {}) => ({ call: 'CreateKey', input, as })
export const call = (operation, input = {}, more = {}) => ({ call: operation, input, ...more })
/** What AWS refused and how. A message left out: the body has no message member at all. */
export const refused = (operation, input, error, message, more = {}) => ({ call: operation, input, expect: { error, message }, ...more })
export const answered = (operation, input, answer, more = {}) => ({ call: operation, input, expect: { answer }, ...more })
export const local = (as, compute) => ({ as, local: compute })

export const text = (value) => Buffer.from(value)
export const zeros = (n) => Buffer.alloc(n)
export const filled = (n, byte) => Buffer.alloc(n, byte)

const spki = (publicKey) => createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
/** RSAES-OAEP under a public key that KMS handed out. */
export const oaep = (publicKey, hash, data) => publicEncrypt({ key: spki(publicKey), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, data)
/** RSA_AES_KEY_WRAP: a fresh AES-256 key under OAEP, then the material under that key (RFC 5649). */
export function rsaAesKeyWrap(publicKey, hash, material) {
  const kek = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', kek, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([oaep(publicKey, hash, kek), cipher.update(material), cipher.final()])
}

const reference = /\$\{([\w.]+)\}/g

/** What a text means, given what the steps before it kept. A text that is one reference and nothing else keeps its type. */
export function resolver(kept) {
  const valueOf = (path) => {
    const [name, ...members] = path.split('.')
    if (!(name in kept)) throw new Error(`\${${path}}: no step kept ${name}`)
    const made = kept[name]?.KeyMetadata
    if (made && members.length === 0) return made.KeyId
    if (made && members[0] === 'arn') return made.Arn
    return members.reduce((value, member) => value?.[member], kept[name])
  }
  const resolve = (value) => {
    if (typeof value === 'string') {
      const whole = /^\$\{([\w.]+)\}$/.exec(value)
      return whole ? valueOf(whole[1]) : value.replace(reference, (_, path) => String(valueOf(path)))
    }
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !(value instanceof Date)) {
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]))
    }
    return value
  }
  return resolve
}
