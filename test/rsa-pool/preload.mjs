// Gives RSA keys of the pool where a test's process asks node:crypto to generate one without
// waiting for it, as the local KMS does. It is loaded by `--import`, which test/run.mjs sets in
// NODE_OPTIONS: the product knows nothing of it, and has no option, variable or function for it.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
import { rsaPool } from './keys.mjs'

const real = crypto.generateKeyPair
const realPromised = promisify(real)
const pool = rsaPool()

/** A pair of objects, as generateKeyPair gives it where nobody asks for an encoding. */
function pooled(type, options) {
  const members = Object.keys(options ?? {}).join()
  const privateKey =
    type === 'rsa' && members === 'modulusLength' ? pool.take(options.modulusLength) : undefined
  return privateKey && { publicKey: crypto.createPublicKey(privateKey), privateKey }
}

function generateKeyPair(type, options, done) {
  const pair = pooled(type, options)
  if (!pair) return real(type, options, done)
  setImmediate(() => done(null, pair.publicKey, pair.privateKey))
  return undefined
}
generateKeyPair[promisify.custom] = async (type, options) =>
  pooled(type, options) ?? realPromised(type, options)

Object.assign(crypto, { generateKeyPair })
syncBuiltinESMExports()
