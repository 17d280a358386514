/**
 * Where the published key set comes from.
 *
 * - `createPublisher` makes one
 * - a KV store or a disk that holds prepared documents can be one too
 */
export interface KeySetDocuments {
  /** The documents to serve now. A handler asks for them at each request. */
  documents(): Promise<{
    /** The JWK Set. */
    readonly jwks: string
    /** The same set signed, where there is a root. */
    readonly jws?: string
    /** A strong ETag, in quotes. */
    readonly etag: string
    /** When the documents stop being good. */
    readonly expires: Date
  }>
}
