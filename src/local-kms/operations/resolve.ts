import { KmsFault } from '../wire/fault.js'
import type { KeyUsage } from '../key-specs.js'
import { accountId, type Alias, type Key, type Keyring } from '../state/keyring.js'

const keyIdPattern = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i
const arnPattern = /^arn:([^:]*):kms:([^:]*):([^:]*):(?:key\/(.+)|(alias\/.+))$/

/**
 * The key that a KeyId of a cryptographic operation names: key id, key ARN, alias name or alias ARN.
 *
 * @throws KmsFault NotFoundException, InvalidArnException, AccessDeniedException (another account)
 */
export function findKey(ring: Keyring, keyId: string): Key {
  const { alias, id = '' } = parseKeyId(ring, keyId)
  return alias === undefined ? keyWithId(ring, id, keyId) : keyWithId(ring, findAlias(ring, alias).keyId, keyId)
}

/** The same for management operations, which take a key id or a key ARN only. */
export function findKeyItself(ring: Keyring, keyId: string): Key {
  const { alias, id = '' } = parseKeyId(ring, keyId)
  if (alias !== undefined) throw new KmsFault('InvalidArnException', 'Key Aliases are not supported for this operation.')
  return keyWithId(ring, id, keyId)
}

export function findAlias(ring: Keyring, name: string): Alias {
  const alias = ring.aliases.get(name)
  if (!alias) throw new KmsFault('NotFoundException', `Alias ${ring.arn(name)} is not found.`)
  return alias
}

/** Usage first, then state: the order in which the service looks. */
export function usableKey(ring: Keyring, keyId: string, usage: KeyUsage, operation: string): Key {
  const key = findKey(ring, keyId)
  if (key.usage !== usage) throw new KmsFault('InvalidKeyUsageException', `${ring.keyArn(key)} key usage is ${key.usage} which is not valid for ${operation}.`)
  return enabledKey(ring, key)
}

export function enabledKey(ring: Keyring, key: Key): Key {
  notPendingDeletion(ring, key)
  if (!key.enabled) throw new KmsFault('DisabledException', `${ring.keyArn(key)} is disabled.`)
  return key
}

export function notPendingDeletion(ring: Keyring, key: Key): Key {
  if (key.deletion !== undefined) throw new KmsFault('KMSInvalidStateException', `${ring.keyArn(key)} is pending deletion.`)
  return key
}

export function incompatible(algorithm: string, key: Key): KmsFault {
  return new KmsFault('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`)
}

function parseKeyId(ring: Keyring, keyId: string): { readonly alias?: string; readonly id?: string } {
  if (!keyId.startsWith('arn:')) return keyId.startsWith('alias/') ? { alias: keyId } : { id: keyId }
  const [, partition, region = '', account, id = '', alias] = arnPattern.exec(keyId) ?? []
  if (partition !== ring.partition) throw new KmsFault('InvalidArnException', `Invalid arn ${keyId}`)
  if (region !== ring.region) throw new KmsFault('NotFoundException', `Invalid arn ${region}`)
  if (account !== accountId) throw new KmsFault('AccessDeniedException', 'The key belongs to another account, and the local KMS has one account only.')
  return alias === undefined ? { id } : { alias }
}

function keyWithId(ring: Keyring, id: string, asked: string): Key {
  const key = ring.keys.get(id)
  if (key) return key
  if (keyIdPattern.test(id)) throw new KmsFault('NotFoundException', `Key '${ring.arn(`key/${id}`)}' does not exist`)
  throw new KmsFault('NotFoundException', `Invalid keyId ${asked.startsWith('arn:') ? id : `'${id}'`}`)
}
