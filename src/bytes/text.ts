/**
 * The UTF-8 bytes of a string.
 *
 * Callers check {@link isWellFormed} first where the string comes from outside.
 */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  encoder ??= new TextEncoder()
  return encoder.encode(text)
}
let encoder: TextEncoder | undefined

/** Decodes UTF-8 strictly, keeping a byte order mark; undefined where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Whether a string has no lone surrogate.
 *
 * A lone surrogate would encode like U+FFFD, so that two strings would seal alike.
 */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text)
}
