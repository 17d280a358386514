// AES-256-GCM of WebCrypto over frames between two pipes, and nothing else: no header, no checks of
// order, no key of KMS. `node aes-gcm.mjs seal FRAME` or `node aes-gcm.mjs open FRAME`.
import { once } from 'node:events'

const [, , direction, frameText] = process.argv
const frame = Number(frameText) + (direction === 'open' ? 16 : 0)
const inFlight = 4
const { subtle } = globalThis.crypto
const key = await subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, [
  'encrypt',
  'decrypt',
])
const work = (bytes, index) => {
  const iv = new Uint8Array(12)
  new DataView(iv.buffer).setUint32(8, index)
  const o = { name: 'AES-GCM', iv }
  return direction === 'open' ? subtle.decrypt(o, key, bytes) : subtle.encrypt(o, key, bytes)
}

/** The input in pieces of one frame. */
async function* frames() {
  let bytes = new Uint8Array(frame)
  let at = 0
  for await (let chunk of process.stdin)
    while (chunk.length > 0) {
      const part = chunk.subarray(0, frame - at)
      bytes.set(part, at)
      at += part.length
      chunk = chunk.subarray(part.length)
      if (at < frame) continue
      yield bytes
      bytes = new Uint8Array(frame)
      at = 0
    }
  if (at > 0) yield bytes.subarray(0, at)
}

const write = async (due) => {
  if (!process.stdout.write(new Uint8Array(await due))) await once(process.stdout, 'drain')
}
const pending = []
let index = 1
for await (const bytes of frames()) {
  pending.push(work(bytes, index++))
  if (pending.length >= inFlight) await write(pending.shift())
}
for (const due of pending) await write(due)
