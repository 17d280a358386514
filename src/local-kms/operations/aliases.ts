import { KmsFault } from '../wire/fault.js'
import type { Key, Keyring } from '../state/keyring.js'
import { aliasName, keyId, marker, optionalKeyId } from '../wire/members.js'
import { changing, operation, type Operation, timestamp } from './operation.js'
import { page } from '../wire/pages.js'
import { findAlias, findKeyItself, notPendingDeletion } from './resolve.js'

const aliasesPerKey = 50
const aliasAndTarget = { AliasName: aliasName, TargetKeyId: keyId } as const

export const aliasOperations: Readonly<Record<string, Operation>> = {
  CreateAlias: changing(aliasAndTarget, async (ring, { AliasName, TargetKeyId }) => {
    checkName(AliasName)
    const { id } = target(ring, TargetKeyId)
    if (ring.aliases.has(AliasName)) throw new KmsFault('AlreadyExistsException', `An alias with the name ${ring.arn(AliasName)} already exists`)
    checkRoom(ring, id)
    await ring.saveAlias({ name: AliasName, keyId: id, created: ring.now(), updated: ring.now() })
    return undefined
  }),

  /** The key that the alias leaves may be in any state; the one that it comes to may not be pending deletion. */
  UpdateAlias: changing(aliasAndTarget, async (ring, { AliasName, TargetKeyId }) => {
    checkName(AliasName)
    const alias = findAlias(ring, AliasName)
    const next = target(ring, TargetKeyId)
    const current = ring.keys.get(alias.keyId)
    if (current?.usage !== next.usage) throw new KmsFault('ValidationException', `KeyUsage ${next.usage} of ${ring.keyArn(next)} differs from KeyUsage ${current?.usage} of the current key of the alias`)
    if (current.id !== next.id) checkRoom(ring, next.id)
    await ring.saveAlias({ ...alias, keyId: next.id, updated: ring.now() })
    return undefined
  }),

  DeleteAlias: changing({ AliasName: aliasName }, async (ring, { AliasName }) => {
    checkName(AliasName)
    findAlias(ring, AliasName)
    await ring.dropAliases(({ name }) => name === AliasName)
    return undefined
  }),

  ListAliases: operation(
    { KeyId: optionalKeyId, Limit: { type: 'integer', min: 1, max: 100 }, Marker: marker },
    (ring, { KeyId, Limit = 50, Marker }) => {
      const only = KeyId === undefined ? undefined : findKeyItself(ring, KeyId).id
      const aliases = [...ring.aliases.values()].filter((alias) => only === undefined || alias.keyId === only)
      return page(
        aliases.map((alias) => [alias.name, {
          AliasName: alias.name,
          AliasArn: ring.arn(alias.name),
          TargetKeyId: alias.keyId,
          CreationDate: timestamp(alias.created),
          LastUpdatedDate: timestamp(alias.updated),
        }]),
        { list: 'Aliases', limit: Limit, marker: Marker },
      )
    },
  ),
}

/** Whether a name is one that CreateAlias takes; characters and length are checked with the other members. */
function checkName(name: string): void {
  if (!/^alias\/./.test(name)) throw new KmsFault('ValidationException', 'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html')
  if (name.startsWith('alias/aws/')) throw new KmsFault('NotAuthorizedException')
  if (name.includes(':')) throw new KmsFault('ValidationException', `${name} contains invalid characters for an alias`)
}

function checkRoom(ring: Keyring, id: string): void {
  const count = [...ring.aliases.values()].filter((alias) => alias.keyId === id).length
  if (count >= aliasesPerKey) throw new KmsFault('LimitExceededException', `${ring.arn(`key/${id}`)} has ${aliasesPerKey} aliases, which is the most a key can have`)
}

function target(ring: Keyring, id: string): Key {
  if (/^(arn:.*:)?alias\//.test(id)) throw new KmsFault('ValidationException', 'Aliases must refer to keys. Not aliases')
  return notPendingDeletion(ring, findKeyItself(ring, id))
}
