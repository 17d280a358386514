import { limits } from '../algorithms/limits.js'
import { concat, u32, u64, uint, type Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'

/** Bytes around the ciphertext of a frame (message-format.md, "Body"). */
export const regularOverhead = 32
export const finalOverhead = 40
/** Bytes before it. */
export const regularHead = 16
export const finalHead = 24

/** @throws SealdropError `too_large` */
export function checkFrames(count: number): void {
  ensure(count <= limits.frames, 'too_large', `frameLength: at most ${limits.frames} frames`)
}

/**
 * Frames of a plaintext.
 *
 * A full last frame is the final one, and an empty plaintext is one empty frame.
 */
export function frameCount(length: number, frameLength: number): number {
  const count = Math.max(1, Math.ceil(length / frameLength))
  checkFrames(count)
  return count
}

/**
 * Length of a whole message: every position follows from lengths alone.
 *
 * @throws SealdropError `invalid_argument` unless the plaintext has a number of bytes
 */
export function messageLength(header: number, length: number, frameLength: number): number {
  ensure(
    Number.isSafeInteger(length) && length >= 0,
    'invalid_argument',
    'length: expected a number of bytes',
  )
  return header + (frameCount(length, frameLength) - 1) * regularOverhead + length + finalOverhead
}

/**
 * Regular frames, and the length of the final one, in a message of so many bytes behind its header.
 *
 * Undefined when no message is so long.
 */
export function layoutOf(
  bodyLength: number,
  frameLength: number,
): { readonly regular: number; readonly final: number } | undefined {
  const regular = Math.floor((bodyLength - finalOverhead) / (frameLength + regularOverhead))
  const final = bodyLength - finalOverhead - regular * (frameLength + regularOverhead)
  return bodyLength >= finalOverhead && final <= frameLength && regular < limits.frames
    ? { regular, final }
    : undefined
}

/** 8 zero bytes, then the sequence number. */
export const frameIv = (sequence: number): Bytes => uint(12, sequence)

/** What stands before a frame's ciphertext. */
export function frameHead(sequence: number, length: number, final: boolean): Bytes {
  return concat(
    final ? u32(0xffffffff) : [],
    u32(sequence),
    frameIv(sequence),
    final ? u32(length) : [],
  )
}

/** What a frame's tag authenticates besides its plaintext. */
export function frameData(
  messageId: Bytes,
  sequence: number,
  length: number,
  final: boolean,
): Bytes {
  return concat(
    messageId,
    `AWSKMSEncryptionClient ${final ? 'Final ' : ''}Frame`,
    u32(sequence),
    u64(length),
  )
}
