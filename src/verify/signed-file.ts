import type { Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import type { ByteStream } from '../io/in-order.js'
import type { Proof, SinceWhen } from './verify.js'

/** What is signed of a file besides its bytes. */
export interface SignedFile {
  /** As the signer named it, which need not be a name that is safe to write to. */
  readonly name?: string | undefined
  /** As the signer stated it, for example `application/pdf`. */
  readonly mediaType?: string | undefined
  /** What the file is bound to, as was expected. */
  readonly context: Context
  /** When it was signed, as the signer states it. */
  readonly signedAt: Date
  /** Chunk digest of the whole file, base64url. */
  readonly digest: string
}

/** Bytes that verified, and what was signed of them. */
export interface VerifiedStream extends ByteStream, Proof, SignedFile {
  /** Bytes that `readable` gives when all of it verifies. */
  readonly length: number
}

/** What must have been signed of a file, and how long ago. */
export interface FileOptions extends CallOptions, SinceWhen {
  /** The signed name must be this. Default: any, or none. */
  readonly name?: string
  /** The signed context must be exactly this. Default: `{}`. */
  readonly context?: Context
  /**
   * How long ago it may have been signed, in milliseconds; an older version of a file has a valid
   * signature too. Default: any time.
   */
  readonly maxAge?: number
  /** Told of verified bytes that were handed out, after each chunk. Default: nobody. */
  readonly onProgress?: (p: { readonly done: number; readonly total: number }) => void
}
