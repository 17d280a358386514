// Keeps account of every byte that a file sealer released. Under one key and IV there must never be
// two plaintexts (NIST SP 800-38D §8; design.md, "Sealing a frame twice").
import { headerOf, hex, sha256 } from './sealed-files.js'
import { replaceSubtle } from './subtle.js'

const { subtle } = crypto

/** A ledger for messages whose key the test knows. */
export function createLedger() {
  /** By key and IV, the plaintext and the tag as far as they were released. */
  const entries = new Map()
  /** @type {{ bytes: number, again: number, wholeFrames: number, conflicts: string[] }} */
  const found = { bytes: 0, again: 0, wholeFrames: 0, conflicts: [] }

  /**
   * The plaintext of a piece of a frame's ciphertext. GCM is CTR whose counter starts at 2 behind
   * the IV.
   */
  async function plaintextOf(ctr, iv, offset, piece) {
    const lead = offset % 16
    const counter = new Uint8Array(16)
    counter.set(iv)
    new DataView(counter.buffer).setUint32(12, 2 + (offset - lead) / 16)
    const padded = new Uint8Array(lead + piece.length)
    padded.set(piece, lead)
    return new Uint8Array(
      await subtle.decrypt({ name: 'AES-CTR', counter, length: 32 }, ctr, padded),
    ).subarray(lead)
  }

  /** Enters bytes that were released. A conflict names them by `name`. */
  function enter(known, offset, bytes, name) {
    bytes.forEach((byte, i) => {
      const before = known.get(offset + i)
      found.bytes++
      if (before === undefined) known.set(offset + i, byte)
      else if (before === byte) found.again++
      else found.conflicts.push(`${name} byte ${offset + i} was ${before} and is ${byte}`)
    })
  }

  return {
    found,
    /**
     * Enters what was released of the message from `start` on. `header` and `size` (of the
     * plaintext) say where the frames are.
     */
    async released({ header, rawKey, size }, start, bytes) {
      const { frameLength, length: headerLength } = headerOf(header)
      const ctr = await subtle.importKey('raw', rawKey, 'AES-CTR', false, ['decrypt'])
      const count = Math.max(1, Math.ceil(size / frameLength))
      for (let index = 0; index < count; index++) {
        const final = index === count - 1
        const content = final ? size - index * frameLength : frameLength
        const at = headerLength + index * (frameLength + 32) + (final ? 24 : 16)
        const iv = new Uint8Array(12)
        new DataView(iv.buffer).setUint32(8, index + 1)
        const name = `${hex(rawKey)} ${hex(iv)}`
        const entry = entries.get(name) ?? {
          plaintext: new Map(),
          tag: new Map(),
          frames: new Set(),
        }
        entries.set(name, entry)
        const part = (from, to) =>
          bytes.subarray(
            Math.min(bytes.length, Math.max(0, from - start)),
            Math.max(0, Math.min(bytes.length, to - start)),
          )
        const sealed = part(at, at + content)
        const offset = Math.max(0, start - at)
        if (sealed.length > 0) {
          const plaintext = await plaintextOf(ctr, iv, offset, sealed)
          enter(entry.plaintext, offset, plaintext, `frame ${index}: plaintext`)
          if (plaintext.length === content) {
            found.wholeFrames++
            entry.frames.add(hex(await sha256(plaintext)))
            if (entry.frames.size > 1)
              found.conflicts.push(`frame ${index}: two plaintexts under one key and IV`)
          }
        }
        const tag = part(at + content, at + content + 16)
        if (tag.length > 0)
          enter(entry.tag, Math.max(0, start - at - content), tag, `frame ${index}: tag`)
      }
    },
    /** Asserts that nothing was used twice, and that something was entered at all. */
    check(assert, { again = true } = {}) {
      assert.deepEqual(
        found.conflicts.slice(0, 5),
        [],
        `${found.conflicts.length} bytes under one key and IV have two values`,
      )
      assert.isAbove(found.bytes, 0, 'the ledger saw nothing')
      if (again) assert.isAbove(found.again, 0, 'the ledger saw nothing twice')
    },
  }
}

/**
 * Watches crypto.subtle.encrypt, to know which plaintext a tag belongs to. It names every
 * encryption by message id and IV.
 */
export function watchEncrypt() {
  const seen = new Map()
  const watched = (real) => async (algorithm, key, data) => {
    const copy = new Uint8Array(
      ArrayBuffer.isView(data)
        ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
        : data.slice(0),
    )
    const sealed = await real(algorithm, key, data)
    if (algorithm.name === 'AES-GCM' && algorithm.additionalData.length > 32) {
      const id = new Uint8Array(algorithm.additionalData).subarray(0, 32)
      const name = `${hex(id)} ${hex(new Uint8Array(algorithm.iv))}`
      const tag = hex(new Uint8Array(sealed).slice(-16))
      seen.set(name, (seen.get(name) ?? new Map()).set(tag, hex(await sha256(copy))))
    }
    return sealed
  }
  return {
    restore: replaceSubtle('encrypt', watched),
    seen,
    /** The hashes of the plaintexts that gave these tags of one frame. */
    behind(id, index, tags) {
      const iv = new Uint8Array(12)
      new DataView(iv.buffer).setUint32(8, index + 1)
      const known = seen.get(`${hex(id)} ${hex(iv)}`) ?? new Map()
      return [...new Set(tags)].map((tag) => known.get(tag))
    },
  }
}
