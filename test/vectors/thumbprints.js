// Thumbprints that RFCs print: RFC 7638 §3.1, RFC 8037 A.3, and the kids of RFC 9964 A.1 (§6 there). Count: 5.
// Tokens of joserfc, jwcrypto and jwx in foreign-signatures.js have thumbprints as kids too; the suite compares those as well.
import { rfcJws } from './rfc-jws.js'

const n7638 = '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
const rfc9964 = (alg) =>
  /** @type {typeof rfcJws[number]} */ (rfcJws.find(({ name }) => name === `RFC 9964 A.1, ${alg}`))
const akp = (alg) => ({ ...rfc9964(alg).key, kid: '2026' })

export const thumbprints = [
  { name: 'RFC 7638 §3.1, RSA', jwk: { kty: 'RSA', n: n7638, e: 'AQAB', alg: 'RS256', kid: '2011-04-29', use: 'sig' }, thumbprint: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' },
  { name: 'RFC 8037 A.3, OKP', jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', use: 'sig' }, thumbprint: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' },
  { name: 'RFC 9964 A.1, AKP of ML-DSA-44', jwk: akp('ML-DSA-44'), thumbprint: 'T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o' },
  { name: 'RFC 9964 A.1, AKP of ML-DSA-65', jwk: akp('ML-DSA-65'), thumbprint: 'Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM' },
  { name: 'RFC 9964 A.1, AKP of ML-DSA-87', jwk: akp('ML-DSA-87'), thumbprint: 'tRn1JNIkgMsABVQBlXeDHxAIcclh-2IX0UdDEzPt5XU' },
]
