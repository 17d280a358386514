// Seals and opens streams beside the same frames through crypto.subtle with nothing around them, in
// whatever host runs it. Contenders take turns within one run, since these machines are noisy. So
// only the ratios mean anything.
import { arnOf, openerOver } from '../test/support/seal-with-jose.js'
import { keySetOf, publicJwk } from '../test/support/host.js'

const { subtle } = globalThis.crypto ?? {}

export const mib = 1_048_576
// the frames of a message are 32 bytes apart (message-format.md, "Body")
const keyName = 'RSA-2048-enc'
const context = { bench: 'streams' }
const ahead = 32

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/**
 * Gives the host a pause between contenders, so that one does not pay for the garbage or the
 * threads of another.
 */
const rest = () =>
  new Promise((resume) => {
    setTimeout(resume, 30)
  })

/**
 * MiB/s of each contender, which is a function that works through `size` bytes once. It is the
 * median over rounds in which each runs once.
 */
export async function compareStreams(contenders, size, { rounds = 5, warmUp = true } = {}) {
  const names = Object.keys(contenders)
  /** @type {Record<string, number[]>} */
  const rates = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      await rest()
      const start = performance.now()
      await contenders[name]()
      if (round >= 0) rates[name].push(((size / mib) * 1000) / (performance.now() - start))
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates[name])]))
}

/** Runs `work(index)` for every index below `count`, with a given number side by side. */
async function sideBySide(count, inFlight, work) {
  let next = 0
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await work(next++)
    }),
  )
}

const aesKey = () =>
  subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt', 'decrypt'])
const gcm = (index) => ({
  name: 'AES-GCM',
  iv: new Uint8Array(12).fill(index & 0xff),
  additionalData: new Uint8Array(80),
  tagLength: 128,
})

/**
 * The frames of a message with nothing around them, from one buffer that is refilled. With `digest`
 * the chunks are hashed too.
 */
export async function bareSeal(size, { frame = 524_288, inFlight = 4, digest = false } = {}) {
  const key = await aesKey()
  const buffer = new Uint8Array(frame)
  const chunk = new Uint8Array(mib)
  await Promise.all([
    sideBySide(size / frame, inFlight, async (index) => {
      buffer[0] = index
      return subtle.encrypt(gcm(index), key, buffer)
    }),
    digest &&
      sideBySide(size / mib, 4, (index) => {
        chunk[0] = index
        return subtle.digest('SHA-256', chunk)
      }),
  ])
}

/** Opens the frames of a message with nothing around them, from where they are. */
export async function bareOpen(frames, key, size, { frame = 524_288, inFlight = 4 } = {}) {
  await sideBySide(size / frame, inFlight, (index) =>
    subtle.decrypt(
      gcm(index),
      key,
      new Uint8Array(frames.buffer, index * (frame + ahead), frame + 16),
    ),
  )
}

/** As many frames as a message has, each at the place that it has there. */
export async function bareFrames(size, { frame = 524_288 } = {}) {
  const key = await aesKey()
  const frames = new Uint8Array((size / frame) * (frame + ahead))
  const buffer = new Uint8Array(frame)
  await sideBySide(size / frame, 4, async (index) =>
    frames.set(
      new Uint8Array(await subtle.encrypt(gcm(index), key, buffer)),
      index * (frame + ahead),
    ),
  )
  return { frames, key }
}

/** A byte source that costs nothing, since every read answers from one buffer. */
export function freeSource(size) {
  const buffer = new Uint8Array(4 * mib)
  return {
    size,
    read: async (start, end) =>
      end - start <= buffer.length ? buffer.subarray(0, end - start) : new Uint8Array(end - start),
  }
}

/**
 * A default stream of chunks of one buffer, which costs nothing else. A body of `fetch` comes in
 * chunks of 64 KiB.
 */
export function freeStream(size, chunkLength = 65_536) {
  const chunk = new Uint8Array(chunkLength)
  let left = size
  return new ReadableStream(
    {
      pull: (controller) => {
        if (left === 0) return controller.close()
        controller.enqueue(chunk.subarray(0, Math.min(left, chunkLength)))
        left -= Math.min(left, chunkLength)
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * A Blob that is not in the memory of the page, like a file that a user chose. It is made of a
 * given number of parts.
 */
export function blobOf(size) {
  const part = new Blob([crypto.getRandomValues(new Uint8Array(65_536))])
  let eighth = new Blob(Array.from({ length: 128 }, () => part)) // 8 MiB
  return new Blob(Array.from({ length: size / eighth.size }, () => eighth))
}

/** Reads to the end, keeps nothing and answers the number of bytes. */
export async function drain(readable) {
  let length = 0
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return length
    length += value.length
  }
}

export async function collect(readable) {
  const parts = []
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Blob(parts)
    parts.push(value)
  }
}

/**
 * What seals and what opens, without KMS. The host's own WebCrypto does the one private operation
 * of each message.
 */
export async function sealdrop({ door, rooms, jose }) {
  const arn = arnOf('bench')
  const keys = door.importKeySet(keySetOf(publicJwk(keyName, { kms_arn: arn })), {
    trust: door.inHand(),
  })
  const { streams } = await openerOver({ rooms, jose }, { [arn]: keyName })
  const seal = async (source, o) =>
    (await door.sealStream(keys, source, { context, ...o })).readable
  const open = async (source) => (await streams.openStream(source, { context })).readable
  return { seal, open }
}

const atLeast = (size, length) => {
  if (length < size) throw new Error(`${length} bytes came out of ${size}`)
}

/** MiB/s of everything that seals and of everything that opens, in one host. */
export async function benchStreams({
  door,
  rooms,
  jose,
  peerContenders,
  size = 256 * mib,
  rounds = 5,
}) {
  const { seal, open } = await sealdrop({ door, rooms, jose })
  const sealed = async (source, o) => atLeast(size, await drain(await seal(source, o)))
  const blob = globalThis.window && blobOf(size)
  const sealing = {
    frames: () => bareSeal(size),
    'sealStream, digest: false': () => sealed(freeSource(size), { digest: false }),
    'frames + digest': () => bareSeal(size, { digest: true }),
    sealStream: () => sealed(freeSource(size)),
  }
  const sealingFrom = {
    'sealStream of 64 KiB chunks, digest: false': () => sealed(freeStream(size), { digest: false }),
    ...(blob && {
      'sealStream of a Blob, digest: false': () => sealed(blob, { digest: false }),
      'sealStream of a Blob': () => sealed(blob),
    }),
  }
  const message = await collect(await seal(freeSource(size), { digest: false }))
  const held = new Uint8Array(await message.arrayBuffer())
  const bare = await bareFrames(size)
  const opened = async (source) => atLeast(size, await drain(await open(source)))
  const opening = {
    frames: () => bareOpen(bare.frames, bare.key, size),
    openStream: () => opened(held),
  }
  const openingFrom = blob && { 'openStream of a Blob': () => opened(message) }
  const peers = await peerContenders(size)
  return {
    sealing: {
      ...(await compareStreams({ ...sealing, ...sealingFrom }, size, { rounds })),
      peers: await compareStreams({ frames: sealing.frames, ...peers.sealing }, size, {
        rounds: 3,
        warmUp: false,
      }),
    },
    opening: {
      ...(await compareStreams({ ...opening, ...openingFrom }, size, { rounds })),
      peers: await compareStreams({ frames: opening.frames, ...peers.opening }, size, {
        rounds: 3,
        warmUp: false,
      }),
    },
  }
}

export const frameLengths = [4_096, 65_536, 262_144, 524_288, 1_048_576]
export const inFlights = [1, 2, 4, 8]

/** MiB/s by frame length and frames in flight, without the digest. */
export async function benchFrames({ door, rooms, jose, size = 32 * mib, rounds = 3 }) {
  const { seal } = await sealdrop({ door, rooms, jose })
  const contenders = {}
  for (const frameLength of frameLengths) {
    for (const framesInFlight of inFlights)
      contenders[`${frameLength}/${framesInFlight}`] = async () =>
        drain(await seal(freeSource(size), { digest: false, frameLength, framesInFlight }))
  }
  return compareStreams(contenders, size, { rounds, warmUp: false })
}

/**
 * The longest task while `work` runs on this thread, where the host tells of tasks. Also the
 * longest time in which no timer and no frame ran. Both are in milliseconds.
 */
export async function longestTask(work) {
  let task = 0
  let gap = 0
  let running = true
  const tells = globalThis.PerformanceObserver?.supportedEntryTypes?.includes('longtask') ?? false
  const observer = !tells
    ? undefined
    : new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) task = Math.max(task, duration)
      })
  observer?.observe({ type: 'longtask' })
  const watch = (again) => {
    let last = performance.now()
    const tick = () => {
      gap = Math.max(gap, performance.now() - last)
      last = performance.now()
      if (running) again(tick)
    }
    again(tick)
  }
  watch((tick) => setTimeout(() => tick(), 0))
  if ('requestAnimationFrame' in globalThis) watch((tick) => requestAnimationFrame(tick))
  await work()
  await new Promise((resume) => {
    setTimeout(resume, 200)
  })
  running = false
  observer?.disconnect()
  return { task: tells ? task : undefined, gap }
}

/** The same while each kind of source is sealed. */
export async function benchTasks({ door, rooms, jose, size = 256 * mib }) {
  const { seal } = await sealdrop({ door, rooms, jose })
  const sources = { 'byte source': () => freeSource(size), Blob: () => blobOf(size) }
  const rows = {}
  for (const [name, source] of Object.entries(sources)) {
    const it = source()
    await drain(await seal(freeSource(mib)))
    rows[name] = await longestTask(async () => drain(await seal(it)))
  }
  return rows
}
