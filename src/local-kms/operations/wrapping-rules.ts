import { canWrap } from '../crypto/wrapping.js'
import { KmsFault, unsupported } from '../wire/fault.js'

/**
 * @throws KmsFault for a way of wrapping that does not fit the material of a spec (API reference,
 * GetParametersForImport)
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
