import { agreeOperations } from './agree.js'
import { aliasOperations } from './aliases.js'
import { dataKeyOperations } from './data-keys.js'
import { encryptOperations } from './encrypt.js'
import { grantOperations } from './grants.js'
import { importOperations } from './import.js'
import { KmsFault, unsupported } from '../wire/fault.js'
import { keyOperations } from './keys.js'
import { lifecycleOperations } from './lifecycle.js'
import { macOperations } from './macs.js'
import { multiRegionOperations } from './multi-region.js'
import { serviceOperations } from '../service-operations.js'
import type { Operation } from './operation.js'
import { policyOperations } from './policies.js'
import { reEncryptOperations } from './re-encrypt.js'
import { rotationOperations } from './rotation.js'
import { signOperations } from './sign.js'
import { tagOperations } from './tags.js'

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
