import { agreeOperations } from './agree-operations.js'
import { aliasOperations } from './alias-operations.js'
import { dataKeyOperations } from './data-key-operations.js'
import { encryptOperations } from './encrypt-operations.js'
import { grantOperations } from './grant-operations.js'
import { importOperations } from './import-operations.js'
import { KmsFault, unsupported } from '../wire/fault.js'
import { keyOperations } from './key-operations.js'
import { lifecycleOperations } from './lifecycle-operations.js'
import { macOperations } from './mac-operations.js'
import { multiRegionOperations } from './multi-region-operations.js'
import { serviceOperations } from '../service-operations.js'
import type { Operation } from './operation.js'
import { policyOperations } from './policy-operations.js'
import { reEncryptOperations } from './re-encrypt-operations.js'
import { rotationOperations } from './rotation-operations.js'
import { signOperations } from './sign-operations.js'
import { tagOperations } from './tag-operations.js'

const service = 'TrentService.'

const operations: ReadonlyMap<string, Operation> = new Map(
  [
    keyOperations,
    lifecycleOperations,
    aliasOperations,
    tagOperations,
    policyOperations,
    grantOperations,
    rotationOperations,
    importOperations,
    multiRegionOperations,
    encryptOperations,
    reEncryptOperations,
    dataKeyOperations,
    macOperations,
    signOperations,
    agreeOperations,
  ].flatMap((theme) => Object.entries(theme)),
)

/**
 * The operation that an `x-amz-target` header names.
 *
 * @throws KmsFault UnsupportedOperationException for what only AWS has, UnknownOperationException
 *   for anything else
 */
export function operationOf(target: string): Operation {
  const name = target.startsWith(service) ? target.slice(service.length) : ''
  const run = operations.get(name)
  if (run) return run
  throw serviceOperations.has(name)
    ? unsupported(`The operation ${name}`)
    : new KmsFault('UnknownOperationException')
}
