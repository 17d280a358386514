import { keySpecs } from '../key-specs.js'
import { isSecret } from '../state/states.js'
import { KmsFault, unsupported } from '../wire/fault.js'

/** Bits of the wrapping keys that are here. */
export const wrappingSizes: Readonly<Record<string, number>> = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 }

/** What requests may name. */
export const wrappingAlgorithms: readonly string[] = ['RSAES_PKCS1_V1_5', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256', 'SM2PKE']
export const wrappingSpecs: readonly string[] = [...Object.keys(wrappingSizes), 'SM2']

/** @throws KmsFault for a way of wrapping that does not fit the material of a spec (API reference, GetParametersForImport) */
export function checkWrapping(spec: string, algorithm: string, wrappingSpec: string): void {
  if (algorithm === 'SM2PKE' || wrappingSpec === 'SM2') throw unsupported('Wrapping with SM2')
  const refuse = (why: string): never => { throw new KmsFault('ValidationException', `Wrapping algorithm ${algorithm} with wrapping key spec ${wrappingSpec} is not valid for ${spec} key material: ${why}.`) }
  if (algorithm === 'RSAES_PKCS1_V1_5') refuse('it is not supported any more')
  const direct = algorithm.startsWith('RSAES_OAEP')
  const kind = keySpecs.get(spec)?.kty
  if (kind === 'RSA' && direct) refuse('RSA private keys need an RSA_AES_KEY_WRAP algorithm')
  if (spec === 'ECC_NIST_P521' && direct && wrappingSpec === 'RSA_2048') refuse('it is too long')
  if (isSecret(spec) && !direct) refuse('secret keys need an RSAES_OAEP algorithm')
}
