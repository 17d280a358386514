/** The necessary members of a public JWK, and no others (RFC 7518 §6.2.1, §6.3.1). */
export type PublicMembers =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
