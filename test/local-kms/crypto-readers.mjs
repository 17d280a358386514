// Readers and writers that this project did not write: OpenSSL 3.5 inside the Node 24 of
// devDependencies, whatever Node runs the tests, and the openssl command.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const node24 = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))

/**
 * Runs the body of a function of `crypto` and bytes in Node 24; what it returns, bytes as
 * hexadecimal, comes back.
 */
export function inNode24(body, ...bytes) {
  const program = `const crypto = require('node:crypto')
    const run = (crypto, ...bytes) => { ${body} }
    const texts = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
    const input = texts.map((hex) => Buffer.from(hex, 'hex'))
    console.log(JSON.stringify(run(crypto, ...input)))`
  return JSON.parse(
    execFileSync(node24, ['-e', program], {
      input: JSON.stringify(bytes.map((part) => Buffer.from(part).toString('hex'))),
      encoding: 'utf8',
    }),
  )
}

/**
 * Runs openssl with files by name: `@name` in an argument becomes its path.
 *
 * @param {string[]} args
 * @param {Record<string, string | NodeJS.ArrayBufferView>} files
 * @param {string | NodeJS.ArrayBufferView} [input]
 */
export function openssl(args, files, input) {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-openssl-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    return execFileSync(
      'openssl',
      args.map((arg) => arg.replace(/^@/, `${folder}/`)),
      { input, stdio: ['pipe', 'pipe', 'pipe'] },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Options of openssl for PSS with a salt as long as the hash. */
export const opensslPss = (bits) =>
  ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest', `rsa_mgf1_md:sha${bits}`].flatMap((option) => [
    '-sigopt',
    option,
  ])

/** Bytes under RSAES-OAEP with SHA-256, by openssl. */
export const opensslOaep = (key, input) =>
  openssl(
    ['pkeyutl', '-encrypt', '-pubin', '-inkey', '@key'].concat(
      ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'].flatMap((option) => [
        '-pkeyopt',
        option,
      ]),
    ),
    { key },
    input,
  )

export const flipped = (bytes, at, bit = 1) =>
  Uint8Array.from(bytes, (byte, index) =>
    index === (at < 0 ? bytes.length + at : at) ? byte ^ bit : byte,
  )
export const hex = (bytes) => Buffer.from(bytes).toString('hex')

const privateKey = 'crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" })'
const spki = 'export({ format: "der", type: "spki" }).toString("hex")'

/** The public key in hexadecimal, as OpenSSL writes it again, or makes it of a private key. */
export const readPublic = (publicKey) =>
  inNode24(
    `return crypto.createPublicKey({ key: bytes[0], format: "der", type: "spki" }).${spki}`,
    publicKey,
  )
export const publicOfPrivate = (pkcs8) =>
  inNode24(`return crypto.createPublicKey(${privateKey}).${spki}`, pkcs8)
/** What OpenSSL takes a private key for, and its public key. */
export const typeAndPublic = (pkcs8) =>
  inNode24(
    `const key = ${privateKey};
    return [key.asymmetricKeyType, crypto.createPublicKey(key).${spki}]`,
    pkcs8,
  )
/** The secret in a ciphertext of ML-KEM, in hexadecimal. */
export const decapsulated = (pkcs8, ciphertext) =>
  inNode24(`return crypto.decapsulate(${privateKey}, bytes[1]).toString("hex")`, pkcs8, ciphertext)
/** A fresh secret for the holder of an ML-KEM key, and its ciphertext, in hexadecimal. */
export const encapsulated = (publicKey) =>
  inNode24(
    'const e = crypto.encapsulate(crypto.createPublicKey(' +
      '{ key: bytes[0], format: "der", type: "spki" })); ' +
      'return [e.sharedKey.toString("hex"), e.ciphertext.toString("hex")]',
    publicKey,
  )
