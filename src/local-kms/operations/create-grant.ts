import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../formats/json.js'
import { grantToken } from '../state/grant-tokens.js'
import { hexToken } from '../state/materials.js'
import type { Grant, GrantConstraints, Key } from '../state/key-model.js'
import { isSecret } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { contextBytes, dryRun, grantTokens, keyId, principal } from '../wire/members.js'
import { validate, type Input } from '../wire/validate.js'
import { changing, type Operation } from './operation.js'
import { enabledKey, findKeyItself } from './resolve.js'

const grantOperation = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'Sign',
  'Verify',
  'GetPublicKey',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
  'Encapsulate',
  'Decapsulate',
] as const

/** The operations that a grant can allow on every key, and those by the key's usage. */
const everywhere: readonly string[] = ['CreateGrant', 'RetireGrant', 'DescribeKey']
const byUsage: Readonly<Record<string, readonly string[]>> = {
  ENCRYPT_DECRYPT: ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'],
  SIGN_VERIFY: ['Sign', 'Verify'],
  KEY_AGREEMENT: ['DeriveSharedSecret'],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
  ENCAPSULATE_DECAPSULATE: ['Encapsulate', 'Decapsulate'],
}
const dataKeys: readonly string[] = grantOperation.filter((name) =>
  name.startsWith('GenerateDataKey'),
)

const grantMembers = {
  GranteePrincipal: principal,
  GranteeServicePrincipal: principal,
  RetiringPrincipal: principal,
  RetiringServicePrincipal: principal,
  Operations: { type: 'strings', required: true, each: { values: grantOperation } },
  Constraints: { type: 'structure' },
  Name: { type: 'string', min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ },
} as const

const constraintMembers = {
  EncryptionContextSubset: { type: 'map', bytes: contextBytes },
  EncryptionContextEquals: { type: 'map', bytes: contextBytes },
  SourceArn: { type: 'string', min: 20, max: 2048 },
} as const
const pairsPerConstraint = 8
const constraintLength = 384

type GrantRequest = Omit<Grant, 'id' | 'token' | 'created' | 'issuer'>

/**
 * Makes a grant, or finds the one that the same request with a name made before.
 *
 * The token is a new one each time.
 */
export const createGrant: Operation = changing(
  { KeyId: keyId, ...grantMembers, GrantTokens: grantTokens, DryRun: dryRun },
  async (call, { KeyId, DryRun, ...wanted }) => {
    // before they are decided about
    validate(constraintMembers, wanted.Constraints ?? {}, 'constraints.')
    const key = enabledKey(call, findKeyItself(call, KeyId))
    const asked = grantFrom(key, wanted)
    call.proceed(DryRun)
    const found = key.grants.find((grant) => asked.name !== '' && isSameGrant(grant, asked))
    if (found) return grantAnswer(key, found)
    const grant = {
      ...asked,
      id: hexToken(32),
      token: hexToken(32),
      created: call.now(),
      issuer: call.account,
    }
    await call.ring.saveKey({ ...key, grants: [...key.grants, grant] })
    return grantAnswer(key, grant)
  },
)

const grantAnswer = (key: Key, grant: Grant): JsonObject => ({
  GrantId: grant.id,
  GrantToken: grantToken(key, grant),
})

/**
 * The grant that a request asks for.
 *
 * @throws KmsFault ValidationException, InvalidArnException
 */
function grantFrom(key: Key, input: Input<typeof grantMembers>): GrantRequest {
  const constraints = constraintsFrom(key, input.Constraints)
  const grantee = either('Grantee', input.GranteePrincipal, input.GranteeServicePrincipal)
  const retiring = either('Retiring', input.RetiringPrincipal, input.RetiringServicePrincipal)
  if (grantee === undefined)
    throw new KmsFault(
      'ValidationException',
      'You must specify either GranteePrincipal or GranteeServicePrincipal.',
    )
  if (
    input.GranteeServicePrincipal !== undefined &&
    (constraints?.SourceArn === undefined || retiring === undefined)
  ) {
    throw new KmsFault(
      'ValidationException',
      'A grant for a GranteeServicePrincipal needs a SourceArn constraint, and a RetiringPrincipal or a RetiringServicePrincipal.',
    )
  }
  const operations = [...new Set(input.Operations)]
  const unfit = operations.filter((name) => !operationsOf(key).includes(name))
  if (operations.length === 0)
    throw new KmsFault('ValidationException', 'A grant needs at least one operation.')
  if (unfit.length > 0)
    throw new KmsFault(
      'ValidationException',
      `The operations [${unfit.join(', ')}] are not valid in a grant on a ${key.spec} key with key usage ${key.usage}.`,
    )
  return {
    name: input.Name ?? '',
    grantee,
    operations,
    ...(retiring !== undefined && { retiring }),
    ...(constraints && { constraints }),
  }
}

/**
 * Whether a request with a name asks for a grant that is there.
 *
 * The order of operations and of pairs does not matter.
 */
function isSameGrant(grant: GrantRequest, request: GrantRequest): boolean {
  return isDeepStrictEqual(factsOf(grant), factsOf(request))
}

function factsOf({ name, grantee, retiring, operations, constraints = {} }: GrantRequest): unknown {
  const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = constraints
  return [
    name,
    grantee,
    retiring,
    [...operations].sort(),
    EncryptionContextEquals && { ...EncryptionContextEquals },
    EncryptionContextSubset && { ...EncryptionContextSubset },
    SourceArn,
  ]
}

function operationsOf({ spec, usage }: Key): readonly string[] {
  return [...everywhere, ...(byUsage[usage] ?? []), ...operationsOfSpec(spec)]
}

function operationsOfSpec(spec: string): readonly string[] {
  if (spec === 'SYMMETRIC_DEFAULT') return dataKeys
  return isSecret(spec) ? [] : ['GetPublicKey']
}

/**
 * Reads the constraints of a grant.
 *
 * They name an encryption context, which only operations of symmetric encryption keys have.
 */
function constraintsFrom(
  key: Key,
  structure: JsonObject | undefined,
): GrantConstraints | undefined {
  if (structure === undefined) return undefined
  const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = validate(
    constraintMembers,
    structure,
    'constraints.',
  )
  if (EncryptionContextEquals && EncryptionContextSubset)
    throw new KmsFault(
      'ValidationException',
      'A grant can have one encryption context constraint, not both.',
    )
  const context = EncryptionContextEquals ?? EncryptionContextSubset
  if (context && key.spec !== 'SYMMETRIC_DEFAULT')
    throw new KmsFault(
      'ValidationException',
      `Encryption context constraints are not supported for a ${key.spec} key.`,
    )
  const pairs = Object.entries(context ?? {})
  if (pairs.length > pairsPerConstraint || pairs.flat().join('').length > constraintLength) {
    throw new KmsFault(
      'ValidationException',
      `An encryption context constraint has at most ${pairsPerConstraint} pairs and ${constraintLength} characters.`,
    )
  }
  if (!context && SourceArn === undefined) return undefined
  return {
    ...(EncryptionContextEquals && { EncryptionContextEquals: { ...EncryptionContextEquals } }),
    ...(EncryptionContextSubset && { EncryptionContextSubset: { ...EncryptionContextSubset } }),
    ...(SourceArn !== undefined && { SourceArn }),
  }
}

const principalArn =
  /^arn:[a-z-]+:(iam::\d{12}:(root|(user|role)\/.+)|sts::\d{12}:(assumed-role|federated-user)\/.+)$/
const serviceName = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/

function either(
  role: string,
  arn: string | undefined,
  service: string | undefined,
): string | undefined {
  if (arn !== undefined && service !== undefined)
    throw new KmsFault(
      'ValidationException',
      `You can specify either ${role}Principal or ${role}ServicePrincipal, but not both.`,
    )
  if (arn !== undefined && !principalArn.test(arn))
    throw new KmsFault('InvalidArnException', 'ARN does not refer to a valid principal')
  if (service !== undefined && !serviceName.test(service))
    throw new KmsFault(
      'ValidationException',
      `${role}ServicePrincipal is not the name of a service.`,
    )
  return arn ?? service
}
