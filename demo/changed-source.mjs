/**
 * A copy of a file with one bit in its middle changed, as somebody with access to the disk could
 * leave it; made while it is read.
 */
export function withOneBitChanged(source) {
  const at = Math.floor(source.size / 2)
  return {
    size: source.size,
    async read(start, end, o) {
      const bytes = await source.read(start, end, o)
      if (start <= at && at < end) bytes[at - start] ^= 1
      return bytes
    },
  }
}
