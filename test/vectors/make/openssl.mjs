// Signatures by OpenSSL: its command line, and for ML-DSA, which that has from 3.5 on, the one in
// Node 24.
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {import('node:crypto').SignKeyObjectInput} SignInput */

const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] })

function kindOf(alg, bits) {
  if (curves[alg]) return ['EC', '-pkeyopt', `ec_paramgen_curve:${curves[alg]}`]
  if (alg === 'Ed25519') return ['ED25519']
  return ['RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
}

/**
 * Arguments that sign a file with a key. PSS salt: `digest`, as long as the hash, `max`, as long as
 * fits, or a number.
 */
function signing(alg, salt) {
  if (alg === 'Ed25519')
    return (key, file) => ['pkeyutl', '-sign', '-rawin', '-inkey', key, '-in', file]
  const hash = `sha${alg.slice(2)}`
  const pss = ['rsa_padding_mode:pss', `rsa_pss_saltlen:${salt}`, `rsa_mgf1_md:${hash}`].flatMap(
    (option) => ['-sigopt', option],
  )
  return (key, file) => ['dgst', `-${hash}`, '-sign', key, ...(alg[0] === 'P' ? pss : []), file]
}

function byCommand(alg, bits, messages, folder) {
  const [key, message] = ['key.pem', 'message'].map((name) => join(folder, name))
  openssl('genpkey', '-algorithm', ...kindOf(alg, bits), '-out', key)
  const spki = openssl('pkey', '-in', key, '-pubout', '-outform', 'DER')
  const over = (bytes, salt = 'digest') => {
    writeFileSync(message, bytes)
    return openssl(...signing(alg, salt)(key, message)).toString('base64')
  }
  const refused =
    alg[0] === 'P'
      ? { 'the longest salt': over(messages[0], 'max'), 'no salt': over(messages[0], '0') }
      : undefined
  return { spki, signatures: messages.map((bytes) => over(bytes)), refused }
}

function byNode(alg, messages) {
  const { publicKey, privateKey } = generateKeyPairSync(alg.toLowerCase())
  const over = (bytes, context) =>
    // `context` came with Node 24, and the types are those of Node 20
    sign(null, bytes, /** @type {SignInput} */ ({ key: privateKey, context })).toString('base64')
  // one of them will do: the context is not part of JOSE (RFC 9964 §4)
  const refused =
    alg === 'ML-DSA-44' ? { 'a context': over(messages[0], Buffer.from('context')) } : undefined
  return {
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    signatures: messages.map((bytes) => over(bytes)),
    refused,
  }
}

/**
 * A key, signatures over each message, and some that JOSE and KMS do not make. The JWK is Node's
 * reading of OpenSSL's SPKI.
 */
export function byOpenssl(alg, bits, messages, folder) {
  const { spki, ...made } = alg.startsWith('ML-DSA')
    ? byNode(alg, messages)
    : byCommand(alg, bits, messages, folder)
  const jwk = createPublicKey({ key: spki, type: 'spki', format: 'der' }).export({ format: 'jwk' })
  return { jwk: { ...jwk, use: 'sig', alg }, spki: spki.toString('base64'), ...made }
}

export const opensslVersions = {
  command: openssl('version').toString().split(' ')[1],
  node: `${process.versions.openssl} (in Node ${process.versions.node})`,
}
