// Signing keys of every spec, and what no verification of them may overlook.
import { createHash } from 'node:crypto'
import { assert } from 'chai'
import { verify } from '#dist/local-kms/crypto/signing.js'
import { keySpecs } from '#dist/local-kms/key-specs.js'
import { flipped } from './crypto-readers.mjs'
import { row } from './helpers.mjs'

/** @import { Material } from '#dist/local-kms/crypto/material.js' */
/** @import { MessageType } from '#dist/local-kms/crypto/signing.js' */

/** Spec, kind of key and signing algorithms of each; RSA_4096 is as RSA_3072, and slow. */
export const signers = [...keySpecs].flatMap(([spec, { kty, algorithms }]) =>
  algorithms.SIGN_VERIFY && spec !== 'RSA_4096'
    ? [{ spec, kty, algorithms: algorithms.SIGN_VERIFY }]
    : [],
)
export const message = Buffer.from('the message')
export const sha = (bits, bytes = message) => createHash(`sha${bits}`).update(bytes).digest()
export const rawAndDigest = /** @type {const} */ (['RAW', 'DIGEST'])

/**
 * Changes that no verification may overlook: each eighth of a signature, both ends, every bit of a
 * byte, and lengths.
 */
function changes(signature) {
  const eighths = Array.from({ length: 8 }, (_, index) =>
    Math.floor((signature.length * index) / 8),
  )
  return [
    ...[...eighths, -1, -2].map((at) => row(`bit of byte ${at}`, flipped(signature, at))),
    ...[1, 2, 4, 8, 16, 32, 64, 128].map((bit) =>
      row(`bit ${bit}`, flipped(signature, signature.length >> 1, bit)),
    ),
    row('nothing', new Uint8Array()),
    row('a cut', signature.slice(0, -1)),
    row('one more', Uint8Array.from([...signature, 0])),
    row('one before', Uint8Array.from([0, ...signature])),
    row('zeros', new Uint8Array(signature.length)),
    row('ones', new Uint8Array(signature.length).fill(255)),
    row('6,144 bytes', new Uint8Array(6144).fill(1)),
  ]
}

/**
 * Checks that a good signature does not verify when it or its message was changed.
 *
 * @param {{
 *   spec: string
 *   material: Material
 *   algorithm: string
 *   type: MessageType
 *   input: Uint8Array
 * }} signed
 * @param {Uint8Array} signature
 */
export function refuses({ spec, material, algorithm, type, input }, signature) {
  const verifies = (bytes, by) =>
    verify(spec, material, { algorithm, messageType: type, message: bytes }, by)
  for (const [name, changed] of changes(signature))
    assert.strictEqual(verifies(input, changed), false, `${algorithm} ${type}: ${name}`)
  assert.strictEqual(verifies(flipped(input, 0), signature), false, 'another message')
}
