// What is wrong with a message, for `writeMessage`, and every way to open one.
import { arnOf } from './seal-with-jose.js'
import { inPieces, pattern, streamOf } from './sources.js'

export const context = { form: 'claim' }
export const plaintext = pattern(20)
export const names = ['RSA-2048-enc', 'P-256-enc']
/** The keys of an opener for both messages. */
export const arns = Object.fromEntries(names.map((name) => [arnOf(name), name]))

/** The same bytes with one bit turned. */
export const flipped = (bytes, at) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
/** The same bytes with one of them replaced. */
export const replaced = (bytes, at, value) => bytes.map((byte, i) => (i === at ? value : byte))

/** A message to the RSA key alone, whose data key is wrong. */
export const rsa = (o = {}) => ({ recipients: [{ name: 'RSA-2048-enc', ...o }] })
/** A message to the EC key alone, whose data key is wrong. */
export const ec = (o = {}) => ({ recipients: [{ name: 'P-256-enc', ...o }] })

const anyContext = { context: () => true }
/** Opens the message whole, in pieces of one byte, and as a range. */
export const everyWay = [
  (streams, message) => streams.openStream(message, anyContext),
  (streams, message) => streams.openStream(streamOf(inPieces(message, 1)), anyContext),
  (streams, message) => streams.openRange(new Blob([message]), 0, Infinity, anyContext),
]
