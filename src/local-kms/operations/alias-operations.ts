import { KmsFault } from '../wire/fault.js'
import type { JsonObject } from '../../formats/json.js'
import type { Keyring } from '../state/keyring.js'
import type { Alias, Key } from '../state/key-model.js'
import type { Call } from './call.js'
import { aliasName, keyId, marker, optionalKeyId } from '../wire/members.js'
import { changing, operation, type Operation, timestamp } from './operation.js'
import { page } from '../wire/pages.js'
import { findAlias, findKeyItself, notPendingDeletion } from './resolve.js'

const aliasesPerKey = 50
const aliasAndTarget = { AliasName: aliasName, TargetKeyId: keyId } as const

export const aliasOperations: Readonly<Record<string, Operation>> = {
  CreateAlias: changing(aliasAndTarget, async (call, { AliasName, TargetKeyId }) => {
    checkName(AliasName)
    const { id } = target(call, TargetKeyId)
    mayName(call, AliasName)
    const { account, ring } = call
    if (ring.alias(account, AliasName))
      throw new KmsFault(
        'AlreadyExistsException',
        `An alias with the name ${ring.arn(account, AliasName)} already exists`,
      )
    checkRoom(call, id)
    await ring.saveAlias({
      account,
      name: AliasName,
      keyId: id,
      created: call.now(),
      updated: call.now(),
    })
    return undefined
  }),

  /**
   * The key that the alias moves to must not be pending deletion.
   *
   * The key that it leaves may be in any state.
   */
  UpdateAlias: changing(aliasAndTarget, async (call, { AliasName, TargetKeyId }) => {
    checkName(AliasName)
    const { ring } = call
    mayName(call, AliasName)
    const alias = findAlias(call, call.account, AliasName)
    const next = target(call, TargetKeyId)
    const current = ring.keyOfAlias(alias)
    call.authorize(call.operation, { ring, key: current })
    if (typeOf(current) !== typeOf(next))
      throw new KmsFault(
        'ValidationException',
        `${ring.keyArn(next)} is a ${typeOf(next)} key, and the current key of the alias a ${typeOf(current)} one`,
      )
    if (current.usage !== next.usage)
      throw new KmsFault(
        'ValidationException',
        `KeyUsage ${next.usage} of ${ring.keyArn(next)} differs from KeyUsage ${current.usage} of the current key of the alias`,
      )
    if (current.id !== next.id) checkRoom(call, next.id)
    await ring.saveAlias({ ...alias, keyId: next.id, updated: call.now() })
    return undefined
  }),

  DeleteAlias: changing({ AliasName: aliasName }, async (call, { AliasName }) => {
    checkName(AliasName)
    const { ring } = call
    mayName(call, AliasName)
    const alias = findAlias(call, call.account, AliasName)
    call.authorize(call.operation, { ring, key: ring.keyOfAlias(alias) })
    await ring.dropAliases(({ account, name }) => account === alias.account && name === alias.name)
    return undefined
  }),

  ListAliases: operation(
    { KeyId: optionalKeyId, Limit: { type: 'integer', min: 1, max: 100 }, Marker: marker },
    (call, { KeyId, Limit = 50, Marker }) => {
      call.authorize()
      const { ring, account } = call
      const only = KeyId === undefined ? undefined : findKeyItself(call, KeyId).id
      const aliases = ring.aliases.filter(
        (alias) => alias.account === account && (only === undefined || alias.keyId === only),
      )
      const rows = aliases.map((alias) => [alias.name, entry(ring, alias)] as const)
      return page(rows, { list: 'Aliases', limit: Limit, marker: Marker })
    },
  ),
}

const entry = (
  ring: Keyring,
  { account, name, keyId: id, created, updated }: Alias,
): JsonObject => ({
  AliasName: name,
  AliasArn: ring.arn(account, name),
  TargetKeyId: id,
  CreationDate: timestamp(created),
  LastUpdatedDate: timestamp(updated),
})

/** The type of key that an alias keeps when it moves, beside the usage. */
function typeOf({ spec }: Key): string {
  if (spec === 'SYMMETRIC_DEFAULT') return 'symmetric'
  return spec.startsWith('HMAC') ? 'HMAC' : 'asymmetric'
}

/** Asks for permission on the alias itself. IAM policies alone give it: aliases have no policy. */
function mayName(call: Call, name: string): void {
  call.authorize(call.operation, undefined, call.ring.arn(call.account, name))
}

/**
 * Whether CreateAlias takes a name.
 *
 * Its characters and its length are checked with the other members.
 */
function checkName(name: string): void {
  if (!/^alias\/./.test(name))
    throw new KmsFault(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    )
  if (name.startsWith('alias/aws/')) throw new KmsFault('NotAuthorizedException')
  if (name.includes(':'))
    throw new KmsFault('ValidationException', `${name} contains invalid characters for an alias`)
}

function checkRoom({ ring, account }: Call, id: string): void {
  const count = ring.aliases.filter((alias) => alias.keyId === id).length
  if (count >= aliasesPerKey)
    throw new KmsFault(
      'LimitExceededException',
      `${ring.arn(account, `key/${id}`)} has ${aliasesPerKey} aliases, which is the most a key can have`,
    )
}

function target(call: Call, id: string): Key {
  if (/^(arn:.*:)?alias\//.test(id))
    throw new KmsFault('ValidationException', 'Aliases must refer to keys. Not aliases')
  return notPendingDeletion(call, findKeyItself(call, id))
}
