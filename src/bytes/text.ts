/**
 * The UTF-8 bytes of a string.
 *
 * Callers check {@link isWellFormed} first where the string comes from outside.
 */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  if (!globalThis.TextEncoder)
    return Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0))
  encoder ??= new TextEncoder()
  return encoder.encode(text)
}
let encoder: TextEncoder | undefined

/** Bytes as text, a character each (ISO 8859-1), as `btoa` takes them. */
export function binary(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return text
}

/** Decodes UTF-8 strictly, keeping a byte order mark; undefined where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    const decoder = decoderOf()
    return decoder ? decoder.decode(bytes) : decodeURIComponent(escape(binary(bytes)))
  } catch {
    return undefined
  }
}

/** A decoder that is as strict as it is told; that of React Native takes anything, or throws. */
function decoderOf(): TextDecoder | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.fatal && decoder.ignoreBOM ? decoder : undefined
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
