import { limits } from '../algorithms/limits.js'

/**
 * Bytes of memory that a stream holds with so many frames in flight.
 *
 * Sealed ones are those in flight, the one that is read and the one before. Opened ones are those
 * in flight and the one that is handed out.
 */
export const frameMemory = (inFlight: number, frameLength: number): number =>
  (2 * inFlight + 3) * frameLength

/** How many frames may be in flight within so many bytes: at least one. */
export function framesWithin(bytes: number, frameLength: number): number {
  let frames: number = limits.framesInFlight
  while (frames > 1 && frameMemory(frames, frameLength) > bytes) frames--
  return frames
}
