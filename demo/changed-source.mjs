/**
 * A copy of a file with one bit in its middle changed, made while it is read. Somebody with access
 * to the disk could leave such a file.
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
