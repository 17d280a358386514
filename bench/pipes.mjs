// npm run bench:pipes: how fast `sealdrop seal | sealdrop open` is between pipes of a shell, beside
// bare AES-GCM of the same frames, a process of Node that only copies, and age.
//
// - `node bench/pipes.mjs 256 3` sends 256 MiB three times each instead of 1 GiB three times.
// - They take turns, and the ratios are those of their medians. age is printed, and not promised.
// - The most memory of each process is what the kernel says of it (VmHWM).
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { ageTools } from '../test/support/age-tools.mjs'

const [size = 1_024, rounds = 3] = process.argv.slice(2).map(Number)
const MiB = 2 ** 20
const frame = 524_288
const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const run = promisify(execFile)

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-pipes-'))
const at = (name) => join(folder, name)
const local = await startLocalKms({
  keys: [{ alias: 'alias/a', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
const kms = local.clientConfig
const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/a' }] }).documents()
writeFileSync(at('keys.json'), jwks)
const { age, keygen } = await ageTools()
await run(keygen, ['-o', at('age.key')])
const { stdout: recipient } = await run(keygen, ['-y', at('age.key')])

const { accessKeyId, secretAccessKey } = kms.credentials
const env = {
  ...process.env,
  AWS_REGION: kms.region,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_ENDPOINT_URL_KMS: kms.endpoint,
}
const node = process.execPath
const command = pathOf('../dist/cli/index.js')
const gcm = pathOf('pipes/aes-gcm.mjs')
const copy = pathOf('pipes/copy.mjs')
const rows = {
  'sealdrop seal | sealdrop open': [
    [node, command, 'seal', '-r', at('keys.json')],
    [node, command, 'open', '--key-id', 'alias/a'],
  ],
  'bare AES-GCM, both ways': [
    [node, gcm, 'seal', frame],
    [node, gcm, 'open', frame],
  ],
  'node copies | node copies': [
    [node, copy],
    [node, copy],
  ],
  'age | age -d': [
    [age, '-r', recipient.trim()],
    [age, '-d', '-i', at('age.key')],
  ],
}

/**
 * The most memory of a process in MiB, looked at while it runs.
 *
 * @param {{ readonly pid?: number | undefined }} process
 */
function watched({ pid }) {
  let most = 0
  const look = () => {
    try {
      const [, kib = 0] = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      most = Math.max(most, Number(kib) / 1_024)
    } catch {
      /* it ended */
    }
  }
  const timer = setInterval(look, 20)
  return () => {
    clearInterval(timer)
    return most
  }
}

/** Sends so many bytes through processes. @returns seconds, and the most memory of each */
async function timed(commands, bytes) {
  const began = performance.now()
  const source = spawn('head', ['-c', String(bytes), '/dev/zero'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const children = []
  /** @type {import('node:child_process').ChildProcess} */
  let before = source
  for (const [program, ...args] of commands) {
    const child = spawn(program, args.map(String), {
      env,
      stdio: [before.stdout, 'pipe', 'pipe'],
    })
    child.stderr?.resume()
    children.push(child)
    before.stdout?.destroy()
    before = child
  }
  const memory = children.map(watched)
  const exits = children.map((child) => once(child, 'exit'))
  let count = 0
  for await (const chunk of /** @type {any} */ (before.stdout)) count += chunk.length
  const codes = (await Promise.all(exits)).map(([code]) => code)
  if (count !== bytes || codes.some((code) => code !== 0))
    throw new Error(`expected ${bytes} bytes, found ${count}; exit codes ${codes.join()}`)
  return { seconds: (performance.now() - began) / 1_000, memory: memory.map((end) => end()) }
}

/** What a process of Node takes that does nothing, in MiB. */
async function emptyMemory() {
  const child = spawn(node, ['-e', 'setTimeout(() => {}, 500)'])
  const end = watched(child)
  await once(child, 'exit')
  return end()
}

/** @type {Record<string, { seconds: number, memory: number[] }[]>} */
const found = Object.fromEntries(Object.keys(rows).map((name) => [name, []]))
try {
  const empty = await emptyMemory()
  for (const commands of Object.values(rows)) await timed(commands, 8 * MiB)
  for (let round = 0; round < rounds; round++)
    for (const [name, commands] of Object.entries(rows))
      found[name].push(await timed(commands, size * MiB))
  const speed = (name) => size / median(found[name].map(({ seconds }) => seconds))
  const memoryOf = (name) =>
    [0, 1].map((place) =>
      Math.round(median(found[name].map(({ memory }) => memory[place])) - empty),
    )
  const [ours, bare] = Object.keys(rows)
  for (const name of Object.keys(rows))
    console.log(
      `${name.padEnd(32)}${speed(name).toFixed(0).padStart(6)} MiB/s` +
        `   ${memoryOf(name).join(' and ')} MiB over node -e 0`,
    )
  console.log(`ours to bare AES-GCM: ${(speed(ours) / speed(bare)).toFixed(2)} (goal 0.85)`)
} finally {
  await local.close()
  rmSync(folder, { recursive: true, force: true })
}
