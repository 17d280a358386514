import { ecKeySpecs, rsaKeySpecs, signingKeySpecs } from '../../algorithms/kms-key-specs.js'
import { isSignatureName } from '../../algorithms/signatures.js'
import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import type { SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { isJsonObject } from '../../formats/json.js'
import { publicMembers } from '../../formats/jwk.js'
import type {
  InventoryKey,
  KeyInventory,
  KeyState,
  Purpose,
  RevocationReason,
} from './inventory-model.js'

/** What a member has to be, in words and as a test; `?` where it may be absent. */
type Rule = readonly [expected: string, fits: (value: unknown) => boolean, optional?: '?']
/** By member. Others are data of whoever wrote them, and stay as they are. */
type Rules = Readonly<Record<string, Rule>>

const states: readonly KeyState[] = [
  'making',
  'next',
  'current',
  'retired',
  'disabled',
  'deleting',
  'deleted',
]
const text =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value)
const oneOf = (...values: readonly string[]): Rule => [
  values.join(', '),
  (value) => values.includes(value as string),
]
const arnPattern = /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/
function isDate(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const read = new Date(value)
  return read.getTime() >= 0 && read.toISOString() === value
}
const isWhole = (value: unknown, least: number, most = Infinity): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
const areRegions = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(text(/^[a-z]{2}(-[a-z]+)+-\d$/)) &&
  new Set(value).size === value.length
const areArns = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((arn) => arnPattern.test(String(arn)))
/** The mildest reason comes first: one that was given is never made milder. */
export const revocationReasons: readonly RevocationReason[] = [
  'superseded',
  'unspecified',
  'compromised',
]
const isRevocation = (value: unknown): boolean =>
  isJsonObject(value) &&
  isDate(value['at']) &&
  revocationReasons.includes(value['reason'] as RevocationReason)
const date: Rule = ['a date like 2030-01-31T12:00:00.000Z', isDate, '?']
const spec = oneOf(
  ...[rsaKeySpecs, ecKeySpecs, signingKeySpecs].flatMap((specs) => Object.values(specs)),
)
const usage = oneOf('ENCRYPT_DECRYPT', 'KEY_AGREEMENT', 'SIGN_VERIFY')
const name: Rule = ['a name of letters, digits, _ and -', text(/^[\w-]{1,64}$/)]
const alias: Rule = [
  'alias/… or its ARN',
  text(/^(arn:[\w-]+:kms:[\w-]+:\d{12}:)?alias\/(?!aws\/)[\w/-]{1,250}$/),
]
const optional = ([expected, fits]: Rule): Rule => [expected, fits, '?']

export const purposeRules: Readonly<Record<keyof Purpose, Rule>> = {
  name,
  spec,
  usage,
  use: oneOf('enc', 'sig'),
  alias,
  alg: ['the JOSE name of a signature algorithm', isSignatureName, '?'],
  replicas: ['Regions, none of them twice', areRegions, '?'],
  policy: ['a key policy as an object', isJsonObject, '?'],
  keepDays: ['a whole number of days, at most 36,500', (value) => isWhole(value, 0, 36_500), '?'],
  withArn: ['true or false', (value) => typeof value === 'boolean', '?'],
  age: ['true or false', (value) => typeof value === 'boolean', '?'],
}

export const keyRules: Readonly<Record<keyof InventoryKey, Rule>> = {
  purpose: name,
  spec,
  usage,
  state: oneOf(...states),
  token: ['16 random bytes in base64url', text(/^[\w-]{22}$/)],
  arns: ['key ARNs', areArns, '?'],
  thumbprint: ['43 characters (RFC 7638)', text(/^[\w-]{43}$/), '?'],
  jwk: ['a public JWK', isPublicJwk, '?'],
  alg: ['a JOSE name', text(/^[\w+-]{2,40}$/), '?'],
  alias: optional(alias),
  revoked: ['{ at, reason }', isRevocation, '?'],
  made: date,
  began: date,
  lost: ['a whole number', (value) => isWhole(value, 0), '?'],
  published: date,
  unpublished: date,
  starts: date,
  aliased: date,
  retired: date,
  expires: date,
  keepUntil: date,
  disabled: date,
  deletes: date,
}

export const inventoryRules: Readonly<Record<keyof KeyInventory, Rule>> = {
  version: ['1', (value) => value === 1],
  counter: ['a whole number', (value) => isWhole(value, 0)],
  lifetime: optional([
    '15 minutes to 7 days, in milliseconds',
    (value) => isWhole(value, 900_000, 604_800_000),
  ]),
  purposes: ['an array', Array.isArray],
  keys: ['an array', Array.isArray],
}

/**
 * Checks each member of a part by its rule.
 *
 * @param at names the part in messages
 * @throws SealdropError with the code given, naming the member
 */
export function checkMembers(
  at: string,
  value: unknown,
  rules: Rules,
  code: SealdropErrorCode,
): void {
  ensure(isJsonObject(value), code, `${at}: expected an object, found ${kindOf(value)}`)
  for (const [member, [expected, fits, may]] of Object.entries(rules)) {
    const found = value[member]
    const told = typeof found === 'string' ? shown(found) : kindOf(found)
    ensure(
      (found === undefined && may) || fits(found),
      code,
      `${at}.${member}: expected ${expected}, found ${told}`,
    )
  }
}

function isPublicJwk(value: unknown): boolean {
  try {
    return (
      isJsonObject(value) && Object.keys(value).length === Object.keys(publicMembers(value)).length
    )
  } catch {
    return false
  }
}
