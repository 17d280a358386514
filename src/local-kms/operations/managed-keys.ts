import {
  managedDescription,
  managedKeyPolicy,
  managedKeyService,
  managedRotationDays,
  type ManagedKeyService,
} from '../state/aws-managed.js'
import type { Key } from '../state/key-model.js'
import type { Call } from './call.js'
import { newKey } from './make-key.js'

const day = 86_400_000

/** Where a request names the key, and the permission that is asked for it. */
interface FirstUse {
  readonly member: string
  readonly permission: string
}

const byKeyId = (permission: string): readonly [string, FirstUse] => [
  permission,
  { member: 'KeyId', permission },
]

/** The operations by which a key that AWS manages comes into being: those that take its alias. */
const firstUses: ReadonlyMap<string, FirstUse> = new Map([
  byKeyId('DescribeKey'),
  byKeyId('Encrypt'),
  byKeyId('GenerateDataKey'),
  byKeyId('GenerateDataKeyWithoutPlaintext'),
  byKeyId('GenerateDataKeyPair'),
  byKeyId('GenerateDataKeyPairWithoutPlaintext'),
  ['ReEncrypt', { member: 'DestinationKeyId', permission: 'ReEncryptTo' }],
])

/**
 * Makes the key that AWS manages for a service, where a call is the first to name its alias.
 *
 * - A caller who may not do it makes nothing.
 * - What a crash left without its alias is taken again.
 *
 * @throws KmsFault AccessDeniedException
 */
export async function provideManagedKey(call: Call): Promise<void> {
  const use = firstUses.get(call.operation)
  const asked = use && call.body[use.member]
  if (!use || typeof asked !== 'string') return
  const { ring, account } = call
  const [, name = asked] = /^arn:.*:(alias\/.+)$/.exec(asked) ?? []
  const service = managedKeyService(name)
  const isOurs = asked === name || asked === ring.arn(account, name)
  if (!service || !isOurs || ring.alias(account, name)) return
  await call.kms.change(async () => {
    if (ring.alias(account, name)) return
    const key = left(call, service) ?? (await madeFor(call, name, service))
    call.authorize(use.permission, { ring, key, asked })
    await ring.saveKey(key)
    const now = call.now()
    await ring.saveAlias({ account, name, keyId: key.id, created: now, updated: now })
  })
}

/** A key that was made and has no alias. */
const left = ({ ring, account }: Call, service: ManagedKeyService): Key | undefined =>
  [...ring.keys.values()].find(
    (key) =>
      key.manager === 'AWS' &&
      key.account === account &&
      key.description === managedDescription(service),
  )

async function madeFor(call: Call, name: string, service: ManagedKeyService): Promise<Key> {
  const { kms, ring, account } = call
  const key = await newKey(kms, ring, {
    account,
    spec: 'SYMMETRIC_DEFAULT',
    description: managedDescription(service),
    policy: managedKeyPolicy(service, account, ring.region),
    label: `${account} ${ring.region} ${name}`,
  })
  const next = key.created + managedRotationDays * day
  return { ...key, manager: 'AWS', rotation: { days: managedRotationDays, next } }
}
