/**
 * Gives the memory of a chunk back at once, when nobody reads it any more.
 *
 * - The collector would look through all of the heap for every few of these chunks: that took more
 *   time than opening them.
 * - Memory that other bytes share is left alone. So is all of it where the host cannot do this, as
 *   Node 20.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  const { transfer } = buffer as { readonly transfer?: (length: number) => ArrayBuffer }
  if (byteLength > 0 && byteLength === buffer.byteLength) transfer?.call(buffer, 0)
}
