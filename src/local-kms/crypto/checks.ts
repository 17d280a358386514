import { keySpecs, type KeySpecRow, type KeyUsage } from '../key-specs.js'
import { KmsFault } from '../wire/fault.js'

/** The row of a KeySpec. It is there, since keys are made and read only with one that is. */
export function rowOf(spec: string): KeySpecRow {
  const row = keySpecs.get(spec)
  if (!row) throw new RangeError(`expected a KeySpec of this server, found ${spec}`)
  return row
}

/**
 * Checks that keys of a spec offer an algorithm for a usage.
 *
 * @throws KmsFault InvalidKeyUsageException
 */
export function requireAlgorithm(spec: string, usage: KeyUsage, algorithm: string): void {
  if (!rowOf(spec).algorithms[usage]?.includes(algorithm))
    throw new KmsFault(
      'InvalidKeyUsageException',
      `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
    )
}
