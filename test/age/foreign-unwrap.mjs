// Unwraps file keys for X25519, scrypt and mlkem768x25519, as age.md says. The product has none of
// them: they stand in for a private key behind the port of the format core.
import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  scryptSync,
} from 'node:crypto'
import { ml_kem768_x25519 as XWing } from '@noble/post-quantum/hybrid.js'
import { fromRawBase64 } from '#dist/age/base64.js'
import { fromBech32 } from '#dist/age/bech32.js'
import { SealdropError } from '#dist/errors/sealdrop-error.js'

const zeros = Buffer.alloc(12)

function check(condition, what) {
  if (!condition) throw new SealdropError('malformed', `age header: ${what}`)
}

function opened(key, body, nonce = zeros) {
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  decipher.setAuthTag(body.subarray(-16))
  const text = decipher.update(body.subarray(0, -16))
  try {
    decipher.final()
    return new Uint8Array(text)
  } catch {
    return undefined
  }
}

const privateKey = (seed) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
const publicKey = (point) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), point]),
    format: 'der',
    type: 'spki',
  })

function x25519(seed, { args, body }) {
  const share = args.length === 1 ? fromRawBase64(args[0]) : undefined
  check(share?.length === 32, 'X25519')
  check(body.length === 32, 'X25519 body')
  const own = privateKey(seed)
  const recipient = createPublicKey(own).export({ format: 'der', type: 'spki' }).subarray(-32)
  let secret
  try {
    secret = diffieHellman({ privateKey: own, publicKey: publicKey(share) })
  } catch {
    check(false, 'X25519 share of low order')
  }
  check(
    secret.some((byte) => byte !== 0),
    'X25519 share of low order',
  )
  const salt = Buffer.concat([share, recipient])
  return opened(
    Buffer.from(hkdfSync('sha256', secret, salt, 'age-encryption.org/v1/X25519', 32)),
    body,
  )
}

function scrypt(passphrase, { args, body }) {
  const [text, factor] = args
  const salt = args.length === 2 ? fromRawBase64(text) : undefined
  check(salt?.length === 16, 'scrypt')
  check(/^[1-9]\d*$/.test(factor) && Number(factor) <= 18, 'scrypt work factor')
  check(body.length === 32, 'scrypt body')
  const whole = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), salt])
  const cost = { N: 2 ** Number(factor), r: 8, p: 1, maxmem: 2 ** 30 }
  return opened(scryptSync(passphrase, whole, 32, cost), body)
}

const extract = (salt, ...ikm) => createHmac('sha256', salt).update(Buffer.concat(ikm)).digest()
const text = (value) => Buffer.from(value)
const u16 = (value) => Buffer.from([value >> 8, value & 255])

/** HPKE's key schedule of RFC 9180 §5.1 for a KEM that answers its secret as it is. */
function schedule(kem, shared, info) {
  const suite = Buffer.concat([text('HPKE'), u16(kem), u16(1), u16(3)])
  const labeled = (salt, label, ikm) => extract(salt, text('HPKE-v1'), suite, text(label), ikm)
  const none = Buffer.alloc(0)
  const context = Buffer.concat([
    Buffer.from([0]),
    labeled(none, 'psk_id_hash', none),
    labeled(none, 'info_hash', text(info)),
  ])
  const secret = labeled(shared, 'secret', none)
  const expand = (label, length) =>
    extract(
      secret,
      u16(length),
      text('HPKE-v1'),
      suite,
      text(label),
      context,
      Buffer.from([1]),
    ).subarray(0, length)
  return [expand('key', 32), expand('base_nonce', 12)]
}

function hybrid(seed, { args, body }) {
  const enc = args.length === 1 ? fromRawBase64(args[0]) : undefined
  check(enc?.length === 1120, 'mlkem768x25519')
  check(body.length === 32, 'mlkem768x25519 body')
  const { secretKey } = XWing.keygen(seed)
  let shared
  try {
    shared = XWing.decapsulate(enc, secretKey)
  } catch {
    check(false, 'mlkem768x25519 share of low order')
  }
  const [key, nonce] = schedule(0x647a, shared, 'age-encryption.org/mlkem768x25519')
  return opened(key, body, nonce)
}

const native = {
  'age-secret-key-': ['X25519', x25519],
  'age-secret-key-pq-': ['mlkem768x25519', hybrid],
}

/** The port of the format core over the identities and passphrases of a vector. */
export const foreignUnwrap =
  ({ identities, passphrases }) =>
  async (stanzas) => {
    const keys = identities.map((identity) => {
      const { prefix, bytes } = fromBech32(identity)
      const [type, unwrap] = native[prefix]
      return { type, unwrap: (stanza) => unwrap(bytes, stanza) }
    })
    for (const passphrase of passphrases)
      keys.push({ type: 'scrypt', unwrap: (stanza) => scrypt(passphrase, stanza) })
    for (const { type, unwrap } of keys)
      for (const stanza of stanzas.filter((one) => one.type === type)) {
        const fileKey = unwrap(stanza)
        if (fileKey) return fileKey
      }
    throw new SealdropError('key_not_found', 'no stanza matches')
  }
