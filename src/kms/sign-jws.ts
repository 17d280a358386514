import { curveRow } from '../algorithms/curves.js'
import { signatures, type SignatureName } from '../algorithms/signatures.js'
import { toBase64url } from '../bytes/base64url.js'
import { utf8 } from '../bytes/text.js'
import { digest } from '../crypto/digest.js'
import { ecdsaFromDer } from '../formats/der.js'
import type { OpenerKey } from '../open/opener-key.js'
import type { KmsPort } from './port.js'

/** A compact JWS by a KMS key (RFC 7515 §5.1). The digest is made here, so that content of any size costs one small call. */
export async function signJws(port: KmsPort, { arn, info: { alg, thumbprint: kid }, jwk }: OpenerKey, header: object, payload: Uint8Array, signal?: AbortSignal): Promise<string> {
  const { kms, hash } = signatures[alg as SignatureName]
  const input = `${toBase64url(utf8(JSON.stringify({ alg, kid, ...header })))}.${toBase64url(payload)}`
  const signature = await port.sign(arn, kms, await digest(hash, utf8(input)), signal)
  const curve = jwk.kty === 'EC' ? curveRow(jwk.crv) : undefined
  return `${input}.${toBase64url(curve ? ecdsaFromDer(signature, curve.coordinate) : signature)}`
}
