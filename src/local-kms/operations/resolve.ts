import type { KeyUsage } from '../key-specs.js'
import { deniedMessage } from '../policy/decide.js'
import type { Alias, Grant, Key } from '../state/key-model.js'
import { stateOf } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import type { Call } from './call.js'

const keyIdPattern = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i
const arnPattern = /^arn:([^:]*):kms:([^:]*):([^:]*):(?:key\/(.+)|(alias\/.+))$/

/**
 * Finds the key that a KeyId names, if the caller may do what the operation does.
 *
 * A KeyId is a key id, a key ARN, an alias name or an alias ARN. No operation gets a key by another
 * way.
 *
 * @param permission - where it is not the operation's own name
 * @throws KmsFault NotFoundException, InvalidArnException, AccessDeniedException
 */
export function findKey(call: Call, keyId: string, permission?: string): Key {
  const key = named(call, keyId)
  call.authorize(permission, { ring: call.ring, key, asked: keyId })
  return key
}

/** Finds a key for management operations, which take a key id or a key ARN only. */
export function findKeyItself(call: Call, keyId: string, permission?: string): Key {
  noAlias(call, keyId)
  return findKey(call, keyId, permission)
}

/**
 * Finds a key for RetireGrant, which the grant itself allows.
 *
 * @throws KmsFault as {@link findKey}, InvalidGrantIdException
 */
export function findKeyAndGrant(
  call: Call,
  keyId: string,
  grantId: string,
): { readonly key: Key; readonly grant: Grant } {
  noAlias(call, keyId)
  const key = named(call, keyId)
  const grant = key.grants.find(({ id }) => id === grantId)
  call.authorize(undefined, { ring: call.ring, key, asked: keyId, grant })
  if (!grant) throw new KmsFault('InvalidGrantIdException', `Grant ID ${grantId} not found`)
  return { key, grant }
}

/**
 * The key that a name stands for. No permission was asked for, so that nothing of it may be told.
 */
function named(call: Call, keyId: string): Key {
  const { account, alias, id = '' } = parseKeyId(call, keyId)
  const { ring } = call
  const known = alias === undefined ? id : (ring.alias(account, alias)?.keyId ?? '')
  const isThere = ring.keys.get(known)?.account === account
  if (account !== call.account && !isThere) throw notThere(call, keyId, account)
  const found = alias === undefined ? id : findAlias(call, account, alias).keyId
  return keyWithId(call, account, found, keyId)
}

/** The fault for a key of another account, which does not tell whether that key is there. */
function notThere(call: Call, resource: string, keyAccount: string): KmsFault {
  return new KmsFault(
    'AccessDeniedException',
    deniedMessage({
      principal: call.caller.principal,
      action: `kms:${call.operation}`,
      resource,
      keyAccount,
      reason: 'no_resource_allow',
    }),
  )
}

function noAlias(call: Call, keyId: string): void {
  if (parseKeyId(call, keyId).alias !== undefined)
    throw new KmsFault('InvalidArnException', 'Key Aliases are not supported for this operation.')
}

export function findAlias(call: Call, account: string, name: string): Alias {
  const alias = call.ring.alias(account, name)
  if (!alias)
    throw new KmsFault('NotFoundException', `Alias ${call.ring.arn(account, name)} is not found.`)
  return alias
}

/** Checks usage and then state, in the order of the service. */
export function usableKey(call: Call, keyId: string, usage: KeyUsage, permission?: string): Key {
  return enabledKey(call, checkUsage(call, findKey(call, keyId, permission), usage))
}

export function checkUsage(call: Call, key: Key, usage: KeyUsage): Key {
  if (key.usage !== usage)
    throw new KmsFault(
      'InvalidKeyUsageException',
      `${call.ring.keyArn(key)} key usage is ${key.usage} which is not valid for ${call.operation}.`,
    )
  call.used(key)
  return key
}

export function enabledKey(call: Call, key: Key): Key {
  notPendingDeletion(call, key)
  if (!key.enabled) throw new KmsFault('DisabledException', `${call.ring.keyArn(key)} is disabled.`)
  return notPendingImport(call, key)
}

export function notPendingDeletion(call: Call, key: Key): Key {
  const pending = {
    PendingDeletion: 'deletion',
    PendingReplicaDeletion: 'replica deletion',
  } as const
  const state = stateOf(call.kms, key)
  if (state === 'PendingDeletion' || state === 'PendingReplicaDeletion')
    throw new KmsFault(
      'KMSInvalidStateException',
      `${call.ring.keyArn(key)} is pending ${pending[state]}.`,
    )
  return key
}

export function notPendingImport(call: Call, key: Key): Key {
  if (stateOf(call.kms, key) === 'PendingImport')
    throw new KmsFault('KMSInvalidStateException', `${call.ring.keyArn(key)} is pending import.`)
  return key
}

interface KeyName {
  readonly account: string
  readonly alias?: string
  readonly id?: string
}

function parseKeyId({ ring, account: own }: Call, keyId: string): KeyName {
  if (keyId.startsWith('alias/')) return { account: own, alias: keyId }
  if (!keyId.startsWith('arn:')) return { account: own, id: keyId }
  const [, partition, region = '', account = '', id = '', alias] = arnPattern.exec(keyId) ?? []
  if (partition !== ring.partition)
    throw new KmsFault('InvalidArnException', `Invalid arn ${keyId}`)
  if (region !== ring.region) throw new KmsFault('NotFoundException', `Invalid arn ${region}`)
  return alias === undefined ? { account, id } : { account, alias }
}

function keyWithId({ ring }: Call, account: string, id: string, asked: string): Key {
  const key = ring.keys.get(id)
  if (key?.account === account) return key
  if (keyIdPattern.test(id))
    throw new KmsFault(
      'NotFoundException',
      `Key '${ring.arn(account, `key/${id}`)}' does not exist`,
    )
  const shown = asked.startsWith('arn:') ? id : `'${id}'`
  throw new KmsFault('NotFoundException', `Invalid keyId ${shown}`)
}
