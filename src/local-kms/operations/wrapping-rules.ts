import { canWrap } from '../crypto/wrapping.js'
import { KmsFault, unsupported } from '../wire/fault.js'

/**
 * Checks that a way of wrapping fits the material of a spec.
 *
 * @throws KmsFault otherwise (API reference, GetParametersForImport)
 */
export function checkWrapping(spec: string, algorithm: string, wrappingSpec: string): void {
  if (algorithm === 'SM2PKE' || wrappingSpec === 'SM2') throw unsupported('Wrapping with SM2')
  const tooLong =
    spec === 'ECC_NIST_P521' && algorithm.startsWith('RSAES') && wrappingSpec === 'RSA_2048'
  if (!canWrap(spec, algorithm) || tooLong)
    throw new KmsFault(
      'ValidationException',
      `Wrapping algorithm ${algorithm} with wrapping key spec ${wrappingSpec} is not valid for ${spec} key material.`,
    )
}
