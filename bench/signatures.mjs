// Verifies tokens of every algorithm beside jose and beside bare WebCrypto, in whatever host runs
// it. In Node it also signs through the local KMS, beside the bare operation.
import { publicJwk, signatureKeys } from '../test/support/host.js'
import { signJws, text } from '../test/support/sign.js'
import { columns, number } from './columns.mjs'
import { compare } from './values.mjs'

const { subtle } = globalThis.crypto ?? {}
const families = { P: 'RSA-PSS', R: 'RSASSA-PKCS1-v1_5', E: 'ECDSA' }
const payload = 'x'.repeat(500)

/** What WebCrypto is told, or undefined where this host does not have the algorithm. */
async function bareVerifier(alg) {
  const { use: _use, ...jwk } = publicJwk(signatureKeys[alg])
  const hash = /^[EPR]S\d/.test(alg) ? `SHA-${alg.slice(2)}` : undefined
  const name = hash ? families[alg[0]] : alg
  const key = await subtle
    .importKey('jwk', jwk, { name, hash, namedCurve: jwk.crv }, false, ['verify'])
    .catch(() => undefined)
  return (
    key &&
    ((signature, message) =>
      subtle.verify({ name, hash, saltLength: Number(alg.slice(2)) / 8 }, key, signature, message))
  )
}

export async function benchVerification({ door, mlDsa, jose }) {
  const rows = []
  for (const alg of Object.keys(signatureKeys)) {
    const jwk = publicJwk(signatureKeys[alg], { alg })
    const token = await signJws(alg, { alg }, payload)
    const [head, body, signature] = token.split('.')
    const [raw, input] = [jose.base64url.decode(signature), text.encode(`${head}.${body}`)]
    const keys = door.importKeySet(jwk, { trust: door.inHand(), providers: [mlDsa()] })
    const bare = await bareVerifier(alg)
    const key = bare && (await jose.importJWK(jwk, alg))
    const provider = alg.startsWith('ML-DSA') && mlDsa()
    const rates = await compare(
      {
        sealdrop: () => door.verify(keys, token),
        ...(bare && { jose: () => jose.compactVerify(token, key), bare: () => bare(raw, input) }),
        ...(provider && { provider: () => provider.verify(alg, jwk, raw, input) }),
      },
      { rounds: 5, slice: 100 },
    )
    rows.push({ what: `verify ${alg}, 500 bytes`, ...rates })
  }
  return rows
}

/**
 * Signatures a second through the local KMS, with the client and HTTP between, beside the bare
 * operation.
 */
export async function benchSigning() {
  const [{ createSigner }, { startLocalKms }, { sign }, { generateMaterial }] = await Promise.all(
    [
      'sealdrop/kms',
      'sealdrop/local-kms',
      '../dist/local-kms/crypto/signing.js',
      '../dist/local-kms/crypto/material.js',
    ].map((path) => import(path)),
  )
  const specOf = {
    P: { 256: 'RSA_2048', 384: 'RSA_3072', 512: 'RSA_4096' },
    R: { 256: 'RSA_2048', 384: 'RSA_3072', 512: 'RSA_4096' },
    E: { 256: 'ECC_NIST_P256', 384: 'ECC_NIST_P384', 512: 'ECC_NIST_P521' },
  }
  const { kmsNames } = await import('../test/support/sign.js')
  const rows = []
  for (const alg of Object.keys(signatureKeys)) {
    const spec =
      specOf[alg[0]]?.[alg.slice(2)] ??
      (alg === 'Ed25519' ? 'ECC_NIST_EDWARDS25519' : alg.replaceAll('-', '_'))
    const local = await startLocalKms({
      keys: [{ alias: 'alias/signs', spec, usage: 'SIGN_VERIFY' }],
    })
    const signer = createSigner({ kms: local.clientConfig, key: 'alias/signs', alg })
    await signer.ready()
    const material = await generateMaterial(spec)
    const [type, message] = /^[EPR]S\d/.test(alg)
      ? ['DIGEST', Buffer.alloc(Number(alg.slice(2)) / 8, 7)]
      : ['RAW', Buffer.alloc(1_000, 7)]
    const rates = await compare(
      {
        sealdrop: () => signer.sign(payload),
        bare: async () =>
          sign(spec, material, { algorithm: kmsNames[alg], messageType: type, message }),
      },
      { rounds: 5, slice: 100 },
    )
    rows.push({ what: `sign ${alg}, ${spec}`, ...rates })
    await signer.close()
    await local.close()
  }
  return rows
}

/** Rows as a table. What a host does not have stays empty. */
export function signatureTable(host, rows) {
  const widths = [-34, 12, 10, 10, 10, 10, 10]
  const heads = [host, 'sealdrop/s', 'jose/s', 'bare/s', 'door/s', 'of jose', 'of bare']
  const cells = ({ what, sealdrop, jose, bare, provider }) => [
    what,
    ...[sealdrop, jose, bare, provider].map((rate) => number(rate)),
    ...[sealdrop / jose, sealdrop / bare].map((share) => number(share, 2)),
  ]
  return [heads, ...rows.map(cells)].map((row) => columns(widths, row)).join('\n')
}
