// npm run bench:files -- [MiB, default 4096]: signs a real file through the local KMS, and verifies
// it as a stream.
//
// Beside it run its chunks through crypto.subtle.digest, and sha256sum. It also prints what memory
// that took, and what becomes of a file with one byte changed.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importKeySet, inHand, verifyStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { columns, number } from './columns.mjs'

const MiB = 1_048_576
const count = Number(process.argv[2] ?? 4_096)
if (!Number.isSafeInteger(count) || count < 1 || count > 65_536)
  throw new Error('expected a number of MiB, 1 to 65536')
/** So many MiB are read before memory is measured for the first time. */
const early = 256

const rss = () => process.memoryUsage.rss() / MiB

/**
 * Random bytes. Each chunk has its number in front, so that no two are the same and the disk leaves
 * no block out.
 */
async function writeFile(path) {
  const chunk = randomBytes(MiB)
  const handle = await open(path, 'wx', 0o600)
  for (let i = 0; i < count; i++) {
    chunk.writeUInt32BE(i)
    for (let at = 0; at < MiB;) at += (await handle.write(chunk, at)).bytesWritten
  }
  await handle.sync()
  await handle.close()
}

async function timed(work) {
  const start = performance.now()
  const found = await work()
  return { found, rate: (count * 1_000) / (performance.now() - start) }
}

/**
 * MiB/s of each of these, the best of the rounds. They take turns, since these machines are noisy.
 */
async function best(contenders, rounds = 3) {
  const rates = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(contenders)) {
      const { rate } = await timed(work)
      rates[name] = Math.max(rates[name] ?? 0, rate)
    }
  }
  return rates
}

/** Notes how far memory grows above a start, within the first MiB and in all. */
function memoryWatch(start) {
  const peak = { early: 0, all: 0 }
  return {
    peak,
    onProgress: ({ done }) => {
      const grown = rss() - start
      peak.all = Math.max(peak.all, grown)
      if (done <= early * MiB) peak.early = Math.max(peak.early, grown)
    },
  }
}

/** The chunks with nothing around them: read into four buffers in turn, and hashed. */
async function bare(path) {
  const handle = await open(path)
  let next = 0
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const buffer = new Uint8Array(MiB)
      while (next < count) {
        await handle.read(buffer, 0, MiB, next++ * MiB)
        await crypto.subtle.digest('SHA-256', buffer)
      }
    }),
  )
  await handle.close()
}

async function inMemory() {
  const buffer = new Uint8Array(randomBytes(MiB))
  let next = 0
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (next++ < count) await crypto.subtle.digest('SHA-256', buffer)
    }),
  )
}

const sha256sum = (path) =>
  new Promise((resolve, reject) =>
    spawn('sha256sum', [path], { stdio: ['ignore', 'ignore', 'inherit'] })
      .on('error', reject)
      .on('close', resolve),
  )

/**
 * Reads everything and answers its length, its SHA-256 where wanted, and the error at its end.
 *
 * @param {AsyncIterable<Uint8Array>} readable
 * @param {import('node:crypto').Hash} [hash]
 */
async function drained(readable, hash) {
  let length = 0
  try {
    for await (const piece of readable) {
      length += piece.length
      hash?.update(piece)
    }
    return { length }
  } catch (error) {
    return { length, error: /** @type {import('sealdrop').SealdropError} */ (error) }
  }
}

async function prefixHash(path, end) {
  const hash = createHash('sha256')
  if (end > 0)
    for await (const piece of (await open(path)).createReadStream({
      end: end - 1,
      highWaterMark: MiB,
    }))
      hash.update(piece)
  return hash.digest('hex')
}

const { bavail, bsize } = await statfs(tmpdir())
const free = Math.floor((bavail * bsize) / MiB)
if (free < count + 1_024)
  throw new Error(`${tmpdir()} has ${free} MiB free; expected ${count} and 1,024 more`)
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-bench-'))
const local = await startLocalKms({
  keys: [{ alias: 'alias/files', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
})
process.once('SIGINT', () => {
  void rm(folder, { recursive: true, force: true }).finally(() => process.exit(130))
})
try {
  const path = join(folder, 'large.bin')
  const written = await timed(() => writeFile(path))
  const { size, blocks } = await stat(path)
  const sparse = blocks * 512 < size ? ', of which the disk holds less' : ''
  const writing = `written at ${written.rate.toFixed(0)} MiB/s`
  console.log(`Node ${process.version}, a file of ${count} MiB${sparse}, ${writing}\n`)
  const signer = createSigner({ kms: local.clientConfig, key: 'alias/files' })
  const { jwks } = await createPublisher({
    kms: local.clientConfig,
    keys: [{ key: 'alias/files' }],
  }).documents()
  const keys = importKeySet(jwks, { trust: inHand() })
  await signer.ready()
  const warm = new Blob([randomBytes(MiB)])
  await drained((await verifyStream(keys, await signer.signFile(warm), warm)).readable)

  const start = rss()
  const [signing, verifying] = [memoryWatch(start), memoryWatch(start)]
  const verified = async (o) => {
    const { error, length } = await drained(
      (await verifyStream(keys, signature, await fileSource(path), o)).readable,
    )
    if (error || length !== size) throw error ?? new Error(`${length} bytes came out of ${size}`)
  }
  const signature = await signer.signFile(path, { onProgress: signing.onProgress })
  await verified({ onProgress: verifying.onProgress })
  const hasSum = await sha256sum('/dev/null').then(
    () => true,
    () => false,
  )
  const limit = 'the chunks of the file through crypto.subtle.digest'
  const rates = await best({
    'the same from memory, without a file': inMemory,
    [limit]: () => bare(path),
    signFile: () => signer.signFile(path),
    verifyStream: verified,
    ...(hasSum && { sha256sum: () => sha256sum(path) }),
  })
  for (const [name, rate] of Object.entries(rates))
    console.log(
      columns([-52, 8, 6, 8], [name, number(rate), 'MiB/s', number(rate / rates[limit], 2)]),
    )
  if (!hasSum) console.log('sha256sum is not on this machine')
  console.log(`\nThe signature has ${signature.length} characters.`)
  for (const [name, { peak }] of Object.entries({ signFile: signing, verifyStream: verifying }))
    console.log(
      `${name}: resident memory at most ${number(peak.early)} MiB above the start after ` +
        `${Math.min(early, count)} MiB, ${number(peak.all)} MiB after ${count} MiB`,
    )

  const at = Math.floor(size / 2)
  const handle = await open(path, 'r+')
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at)
  buffer[0] ^= 1
  await handle.write(buffer, 0, 1, at)
  await handle.close()
  const hash = createHash('sha256')
  const { length, error } = await drained(
    (await verifyStream(keys, signature, await fileSource(path))).readable,
    hash,
  )
  const chunk = Math.floor(at / MiB)
  const isPrefix = hash.digest('hex') === (await prefixHash(path, length))
  const right = length === chunk * MiB && isPrefix
  console.log(`\nOne bit of byte ${at} changed: ${error?.code}, ${error?.message}`)
  console.log(
    `${length} bytes were handed out, ` +
      (right
        ? 'which are those before its chunk; nothing of it and nothing after it'
        : 'WHICH IS WRONG'),
  )
  process.exitCode = error?.code === 'rejected' && right ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
  await local.close()
}
