/**
 * Where the published documents come from: `createPublisher`, or a KV store or disk that holds
 * prepared ones.
 */
export interface KeySetDocuments {
  /**
   * The JWK Set, the same set signed where there is a root, a strong ETag in quotes, and when they
   * stop being good.
   */
  documents(): Promise<{
    readonly jwks: string
    readonly jws?: string
    readonly etag: string
    readonly expires: Date
  }>
}
