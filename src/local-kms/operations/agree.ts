import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import type { CurveName } from '../../algorithms/curves.js'
import { fromSpki } from '../../formats/spki.js'
import { KmsFault } from '../wire/fault.js'
import { enums, keySpecs } from '../key-specs.js'
import { callMembers, keyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { privateKeyOf } from '../state/states.js'
import { usableKey } from './resolve.js'

export const agreeOperations: Readonly<Record<string, Operation>> = {
  /** The raw x coordinate, in full length; no key derivation (SP 800-56A r3 §5.7.1.2). */
  DeriveSharedSecret: operation(
    {
      KeyId: keyId,
      KeyAgreementAlgorithm: { type: 'string', required: true, values: enums.keyAgreementAlgorithm },
      PublicKey: { type: 'blob', required: true, min: 1, max: 8192 },
      Recipient: { type: 'unimplemented' },
      ...callMembers,
    },
    (call, { KeyId, KeyAgreementAlgorithm, PublicKey, DryRun }) => {
      const key = usableKey(call, KeyId, 'KEY_AGREEMENT')
      const publicKey = peerKey(PublicKey, keySpecs.get(key.spec)?.curve)
      call.proceed(DryRun)
      const secret = diffieHellman({ privateKey: privateKeyOf(key), publicKey })
      return { KeyId: call.ring.keyArn(key), SharedSecret: blob(secret), KeyAgreementAlgorithm, KeyOrigin: key.origin }
    },
  ),
}

/** The other side's key: a point on this key's curve, in strict SPKI. The service's error has an empty message. */
function peerKey(spki: Buffer, curve: CurveName | undefined): KeyObject {
  try {
    const members = fromSpki(spki)
    if (members.kty === 'EC' && members.crv === curve) return createPublicKey({ key: { ...members }, format: 'jwk' })
  } catch {
    // bad DER, another kind of key, a point that is not on the curve
  }
  throw new KmsFault('ValidationException', '')
}
