// The same bytes as every kind of source that can be sealed or opened, and key sets for streams.
import { keySetOf, offsetView, publicJwk } from './host.js'
import { concat } from './message-format.js'
import { arnOf } from './seal-with-jose.js'
import { Skip } from './skip.js'

/** Views into one buffer. The sizes are used in turn, and a size of 0 gives an empty piece. */
export function inPieces(bytes, ...sizes) {
  const pieces = []
  for (let at = 0; at < bytes.length;) {
    const size = sizes[pieces.length % sizes.length]
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

/**
 * A default stream of these chunks that counts what was taken and remembers why it was cancelled.
 */
export function streamOf(chunks, seen = {}) {
  const rest = [...chunks]
  seen.pulled = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (rest.length === 0) return controller.close()
        seen.pulled++
        controller.enqueue(rest.shift())
      },
      cancel(reason) {
        seen.cancelled = { reason }
      },
    },
    { highWaterMark: 0 },
  )
}

/** Whether this host makes byte streams. WebKit does not. */
export function hasByteStreams() {
  try {
    return Boolean(new ReadableStream({ type: 'bytes' }))
  } catch {
    return false
  }
}

/** @throws Skip where there are no byte streams */
export function byteStream(source, strategy) {
  if (!hasByteStreams()) throw new Skip('this host makes no byte streams')
  return new ReadableStream({ type: 'bytes', ...source }, strategy)
}

/** A byte stream that hands over its chunks, or fills the view that it is given. */
export function byteStreamOf(chunks, fill = false) {
  const rest = chunks.filter(({ length }) => length > 0).map((chunk) => chunk.slice())
  return byteStream({
    pull(controller) {
      const { byobRequest } = controller
      if (rest.length === 0) {
        controller.close()
        byobRequest?.respond(0)
      } else if (fill && byobRequest) {
        const { view } = byobRequest
        const part = rest[0].subarray(0, view.byteLength)
        new Uint8Array(view.buffer, view.byteOffset, part.length).set(part)
        rest[0] = rest[0].subarray(part.length)
        if (rest[0].length === 0) rest.shift()
        byobRequest.respond(part.length)
      } else controller.enqueue(rest.shift().slice())
    },
  })
}

/**
 * A byte stream that was closed while all its bytes wait in its queue. Reading with `min` more than
 * is left fails there.
 */
const queuedByteStream = (chunks) =>
  byteStream({
    start(controller) {
      for (const chunk of chunks) if (chunk.length > 0) controller.enqueue(chunk.slice())
      controller.close()
    },
  })

export async function* iterate(chunks) {
  yield* chunks
}

export const byteSource = (bytes, o = {}) => ({
  size: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
  ...o,
})

/**
 * Fills the same memory for every read. It is like a Buffer of Node, whose slice copies nothing.
 */
export function refillingSource(bytes) {
  class Views extends Uint8Array {
    slice(start, end) {
      return this.subarray(start, end)
    }
  }
  const memory = new Views(bytes.length)
  const read = async (start, end) => {
    memory.fill(0xee)
    memory.set(bytes.subarray(start, end))
    return memory.subarray(0, end - start)
  }
  return { size: bytes.length, read }
}

/**
 * Fills all of the memory that it is given: with what was read, and behind it with bytes that
 * nobody may use.
 */
const fillingSource = (bytes) =>
  byteSource(bytes, {
    async read(start, end, { into }) {
      into.fill(0xee).set(bytes.subarray(start, end))
      return into.subarray(0, end - start)
    },
  })

/** A Blob as in WebKit, where streams of Blobs are not byte streams. */
const blobLike = (bytes, sizes) => ({
  size: bytes.length,
  stream: () => streamOf(inPieces(bytes, ...sizes)),
  slice: (start, end) => blobLike(bytes.subarray(start, end), sizes),
})

const withoutByteStreams = (stream) => ({
  get locked() {
    return stream.locked
  },
  getReader(o) {
    if (o?.mode === 'byob') throw new TypeError('no byte streams here')
    return stream.getReader()
  },
})

const hasSharedMemory = () => typeof SharedArrayBuffer === 'function'

/** A view of shared memory. @throws Skip where there is none, as in pages that are not isolated */
const shared = (bytes) => {
  if (!hasSharedMemory()) throw new Skip('this host has no shared memory')
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 9), 5, bytes.length)
  view.set(bytes)
  return view
}

/** The kinds that can be read at any place, again and in any order. */
export const fileKinds = {
  Blob: (bytes) => new Blob([bytes]),
  File: (bytes) => new File([bytes], 'name', { lastModified: 5 }),
  'byte source': (bytes) => byteSource(bytes),
  'byte source with a version': (bytes) =>
    byteSource(offsetView(bytes), { version: async () => 'v1' }),
  'byte source that fills the memory it is given': fillingSource,
  'Blob whose stream is no byte stream': (bytes, ...sizes) => blobLike(bytes, sizes),
  'byte source over shared memory': (bytes) => byteSource(shared(bytes)),
}

/** By kind, a function of the bytes and of the sizes of the pieces in which they come. */
export const sourceKinds = {
  ...fileKinds,
  bytes: (bytes) => bytes.slice(),
  'bytes at an offset': (bytes) => offsetView(bytes),
  'default stream': (bytes, ...sizes) => streamOf(inPieces(offsetView(bytes), ...sizes)),
  'stream without a byob reader': (bytes, ...sizes) =>
    withoutByteStreams(streamOf(inPieces(bytes, ...sizes))),
  'byte stream that hands over chunks': (bytes, ...sizes) =>
    byteStreamOf(inPieces(bytes, ...sizes)),
  'byte stream that fills views': (bytes, ...sizes) =>
    byteStreamOf(inPieces(bytes, ...sizes), true),
  'byte stream that was closed with all in its queue': (bytes, ...sizes) =>
    queuedByteStream(inPieces(bytes, ...sizes)),
  'response body': (bytes) => new Response(bytes).body,
  'async iterable': (bytes, ...sizes) => iterate(inPieces(offsetView(bytes), ...sizes)),
  'shared memory': shared,
  'async iterable over shared memory': (bytes, ...sizes) =>
    iterate(inPieces(shared(bytes), ...sizes)),
}

/** The names of the kinds that this host can make, for tests of several kinds at once. */
export const kindsHere = () =>
  Object.keys(sourceKinds).filter(
    (kind) =>
      (hasByteStreams() || !kind.startsWith('byte stream')) &&
      (hasSharedMemory() || !kind.includes('shared memory')),
  )

/** Reads a stream to its end. What came before a failure is in the array `released`. */
export async function collect(readable, released = []) {
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(...released)
    released.push(value)
  }
}

/** The chunks of a stream, also where streams are not iterable themselves. */
export async function* iterateStream(readable) {
  const reader = readable.getReader()
  for (let step; !(step = await reader.read()).done;) yield step.value
}

/** A JWK that can receive streams. */
export const streamJwk = (name, extra = {}) =>
  publicJwk(name, { use: 'enc', ...(name.startsWith('RSA') && { kms_arn: arnOf(name) }), ...extra })

/** A key set of these test keys. All of them can receive streams. */
export const streamKeys = ({ importKeySet, inHand }, ...names) =>
  importKeySet(keySetOf(...names.map((name) => streamJwk(name))), { trust: inHand() })

/** Bytes that differ by their place. */
export function pattern(length) {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) * 7
  return bytes
}
