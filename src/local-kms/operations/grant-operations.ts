import type { JsonObject } from '../../formats/json.js'
import type { Keyring } from '../state/keyring.js'
import { grantOfToken, type GrantOfKey } from '../state/grant-tokens.js'
import type { Grant, Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'
import { dryRun, grantId, keyId, limit, marker, optionalKeyId, principal } from '../wire/members.js'
import { page } from '../wire/pages.js'
import type { Call } from './call.js'
import { createGrant } from './create-grant.js'
import { changing, operation, type Answer, type Operation, timestamp } from './operation.js'
import { findKeyAndGrant, findKeyItself } from './resolve.js'

export const grantOperations: Readonly<Record<string, Operation>> = {
  CreateGrant: createGrant,

  ListGrants: operation(
    {
      KeyId: keyId,
      GrantId: grantId,
      GranteePrincipal: principal,
      GranteeServicePrincipal: principal,
      Limit: limit(100),
      Marker: marker,
    },
    (call, { KeyId, GrantId, GranteePrincipal, GranteeServicePrincipal, Limit = 50, Marker }) => {
      const key = findKeyItself(call, KeyId)
      const grantee = onlyOne({ GranteePrincipal, GranteeServicePrincipal })
      if (GrantId !== undefined && !key.grants.some(({ id }) => id === GrantId))
        throw noGrant(GrantId)
      const found = key.grants
        .filter((grant) => GrantId === undefined || grant.id === GrantId)
        .filter((grant) => grantee === undefined || grant.grantee === grantee)
        .map((grant) => ({ key, grant }))
      return grantPage(call.ring, found, { Limit, Marker })
    },
  ),

  /**
   * Lists grants of all keys that a principal may retire.
   *
   * - For a principal of the caller's own account, grants of other accounts are among them.
   * - Permission is asked for on the principal.
   */
  ListRetirableGrants: operation(
    {
      RetiringPrincipal: principal,
      RetiringServicePrincipal: principal,
      Limit: limit(100),
      Marker: marker,
    },
    (call, { RetiringPrincipal, RetiringServicePrincipal, Limit = 50, Marker }) => {
      const retiring = onlyOne({ RetiringPrincipal, RetiringServicePrincipal })
      if (retiring === undefined)
        throw new KmsFault(
          'ValidationException',
          'You must specify either RetiringPrincipal or RetiringServicePrincipal.',
        )
      call.authorize(undefined, undefined, retiring)
      const keys = [...call.ring.keys.values()].filter(
        ({ account }) => retiring.startsWith('arn:') || account === call.account,
      )
      const found = keys
        .flatMap((key) => key.grants.map((grant) => ({ key, grant })))
        .filter(({ grant }) => grant.retiring === retiring)
      return grantPage(call.ring, found, { Limit, Marker })
    },
  ),

  RetireGrant: changing(
    {
      GrantToken: { type: 'string', min: 1, max: 8192 },
      KeyId: optionalKeyId,
      GrantId: grantId,
      DryRun: dryRun,
    },
    async (call, input) => {
      const { key, grant } = retired(call, input)
      call.proceed(input.DryRun)
      await removeGrant(call, key, grant)
      return undefined
    },
  ),

  RevokeGrant: changing(
    { KeyId: keyId, GrantId: { ...grantId, required: true }, DryRun: dryRun },
    async (call, { KeyId, GrantId, DryRun }) => {
      const key = findKeyItself(call, KeyId)
      const grant = key.grants.find(({ id }) => id === GrantId)
      if (!grant) throw noGrant(GrantId)
      call.proceed(DryRun)
      await removeGrant(call, key, grant)
      return undefined
    },
  ),
}

/** The ways in which a request names the grant that it retires. */
interface Retiring {
  readonly GrantToken: string | undefined
  readonly KeyId: string | undefined
  readonly GrantId: string | undefined
}

/** By a token alone, or by key and id. */
function retired(call: Call, { GrantToken, KeyId, GrantId }: Retiring): GrantOfKey {
  if (GrantToken === undefined && KeyId !== undefined && GrantId !== undefined)
    return findKeyAndGrant(call, KeyId, GrantId)
  if (GrantToken === undefined || KeyId !== undefined || GrantId !== undefined)
    throw new KmsFault(
      'ValidationException',
      'You must specify either a GrantToken, or a KeyId and a GrantId.',
    )
  const found = grantOfToken(call.ring, GrantToken)
  if (!found) throw new KmsFault('InvalidGrantTokenException', 'The grant token is not valid.')
  call.authorize(undefined, { ring: call.ring, ...found })
  return found
}

async function removeGrant({ ring }: Call, key: Key, grant: Grant): Promise<void> {
  await ring.saveKey({ ...key, grants: key.grants.filter(({ id }) => id !== grant.id) })
}

const noGrant = (id: string): KmsFault =>
  new KmsFault('InvalidGrantIdException', `Grant ID ${id} not found`)

function onlyOne(members: Readonly<Record<string, string | undefined>>): string | undefined {
  const given = Object.values(members).filter((value) => value !== undefined)
  if (given.length > 1)
    throw new KmsFault(
      'ValidationException',
      `You can specify either ${Object.keys(members).join(' or ')}, but not both.`,
    )
  return given[0]
}

function grantPage(
  ring: Keyring,
  found: readonly GrantOfKey[],
  { Limit, Marker }: { readonly Limit: number; readonly Marker: string | undefined },
): Answer {
  const rows = found.map(({ key, grant }) => [grant.id, entry(ring, key, grant)] as const)
  return page(rows, { list: 'Grants', limit: Limit, marker: Marker })
}

function entry(ring: Keyring, key: Key, grant: Grant): JsonObject {
  const { grantee, retiring, constraints } = grant
  return {
    KeyId: ring.keyArn(key),
    GrantId: grant.id,
    Name: grant.name,
    CreationDate: timestamp(grant.created),
    GranteePrincipal: grantee,
    ...(!grantee.startsWith('arn:') && { GranteeServicePrincipal: grantee }),
    ...(retiring !== undefined && retiringEntry(retiring)),
    IssuingAccount: `arn:${ring.partition}:iam::${grant.issuer}:root`,
    Operations: grant.operations,
    ...(constraints && { Constraints: constraints }),
  }
}

const retiringEntry = (retiring: string): JsonObject =>
  retiring.startsWith('arn:')
    ? { RetiringPrincipal: retiring }
    : { RetiringServicePrincipal: retiring }
