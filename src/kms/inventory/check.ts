import {
  ecKeySpecs,
  rsaKeySpecs,
  signingKeySpecs,
  specsOfSignature,
} from '../../algorithms/key-specs.js'
import { isSignatureName, signatures } from '../../algorithms/signatures.js'
import { ensure, kindOf, shown } from '../../errors/guard.js'
import type { SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { isJsonObject, parseJson } from '../../formats/json.js'
import { publicMembers } from '../../formats/jwk.js'
import type { InventoryKey, KeyInventory, KeyState, Purpose, RevocationReason } from './model.js'

/** What a member has to be, in words and as a test; `?` where it may be absent. */
type Rule = readonly [expected: string, fits: (value: unknown) => boolean, optional?: '?']

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
const isDate = (value: unknown): boolean =>
  typeof value === 'string' &&
  new Date(value).getTime() >= 0 &&
  new Date(value).toISOString() === value
export const revocationReasons: readonly RevocationReason[] = [
  'compromised',
  'superseded',
  'unspecified',
]
const isRevocation = (value: unknown): boolean =>
  isJsonObject(value) &&
  Object.keys(value).length === 2 &&
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

const purposeRules: Readonly<Record<keyof Purpose, Rule>> = {
  name,
  spec,
  usage,
  use: oneOf('enc', 'sig'),
  alias,
  alg: ['the JOSE name of a signature algorithm', isSignatureName, '?'],
  replicas: [
    'Regions, none of them twice',
    (value) =>
      Array.isArray(value) &&
      value.every(text(/^[a-z]{2}(-[a-z]+)+-\d$/)) &&
      new Set(value).size === value.length,
    '?',
  ],
  policy: ['a key policy as an object', isJsonObject, '?'],
  keepDays: [
    'a whole number of days, at most 36,500',
    (value) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 36_500,
    '?',
  ],
  withArn: ['true or false', (value) => typeof value === 'boolean', '?'],
}

const keyRules: Readonly<Record<keyof InventoryKey, Rule>> = {
  purpose: name,
  spec,
  usage,
  state: oneOf(...states),
  token: ['16 random bytes in base64url', text(/^[\w-]{22}$/)],
  arns: [
    'key ARNs',
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((arn) => arnPattern.test(String(arn))),
    '?',
  ],
  thumbprint: ['43 characters (RFC 7638)', text(/^[\w-]{43}$/), '?'],
  jwk: ['a public JWK', isPublicJwk, '?'],
  alg: ['a JOSE name', text(/^[\w+-]{2,40}$/), '?'],
  alias: optional(alias),
  revoked: ['{ at, reason }', isRevocation, '?'],
  made: date,
  began: date,
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

const inventoryRules: Readonly<Record<keyof KeyInventory, Rule>> = {
  version: ['1', (value) => value === 1],
  counter: ['a whole number', (value) => Number.isSafeInteger(value) && Number(value) >= 0],
  lifetime: optional([
    '15 minutes to 7 days, in milliseconds',
    (value) =>
      Number.isSafeInteger(value) && Number(value) >= 900_000 && Number(value) <= 604_800_000,
  ]),
  purposes: ['an array', Array.isArray],
  keys: ['an array', Array.isArray],
}

/**
 * Reads an inventory as it is kept.
 *
 * @throws SealdropError `malformed` naming the member
 */
export function parseInventory(json: string): KeyInventory {
  return checkInventory(parseJson(json, { code: 'malformed', field: 'inventory' }), 'malformed')
}

/**
 * Checks an inventory, also that its parts belong together. @throws SealdropError with the code
 * given, naming the member
 */
export function checkInventory(value: unknown, code: SealdropErrorCode): KeyInventory {
  checkMembers('inventory', value, inventoryRules, code)
  const { purposes, keys } = value as unknown as KeyInventory
  purposes.forEach((purpose, i) =>
    checkMembers(`inventory.purposes[${i}]`, purpose, purposeRules, code),
  )
  keys.forEach((key, i) => checkMembers(`inventory.keys[${i}]`, key, keyRules, code))
  const names = purposes.map((purpose) => purpose.name)
  ensure(new Set(names).size === names.length, code, 'inventory.purposes: two have one name')
  const aliases = purposes.map(({ alias: found }) => found)
  ensure(
    new Set(aliases).size === names.length &&
      !aliases.some((found) =>
        aliases.some((other) => other !== found && other.endsWith(`:${found}`)),
      ),
    code,
    'inventory.purposes: two have one alias; in different Regions name both by ARN',
  )
  purposes.forEach(({ use, spec, usage, alg }, i) => {
    ensure(
      (use === 'sig') === (usage === 'SIGN_VERIFY'),
      code,
      `inventory.purposes[${i}].usage: ${usage} is not for use ${use}`,
    )
    ensure(
      alg === undefined ||
        (isSignatureName(alg) &&
          usage === 'SIGN_VERIFY' &&
          specsOfSignature(signatures[alg]).includes(spec)),
      code,
      `inventory.purposes[${i}].alg: ${alg ?? ''} is not for ${spec} and ${usage}`,
    )
    ensure(
      usage === 'SIGN_VERIFY' ||
        (usage === 'ENCRYPT_DECRYPT'
          ? spec.startsWith('RSA')
          : Object.values(ecKeySpecs).includes(spec)),
      code,
      `inventory.purposes[${i}].usage: KMS has no ${spec} for ${usage}`,
    )
  })
  keys.forEach((key, i) => checkKey(key, `inventory.keys[${i}]`, names, code))
  for (const list of [
    keys.map(({ token }) => token),
    keys.flatMap(({ arns = [] }) => arns),
    keys.flatMap(({ thumbprint = [] }) => thumbprint),
  ])
    ensure(new Set(list).size === list.length, code, 'inventory.keys: one key is there twice')
  for (const state of ['making', 'next', 'current'] as const) {
    const found = keys.filter((key) => key.state === state).map(({ purpose }) => purpose)
    ensure(
      new Set(found).size === found.length,
      code,
      `inventory.keys: a purpose has two keys that are ${state}`,
    )
  }
  for (const { purpose } of keys.filter(({ state }) => state === 'making'))
    ensure(
      !keys.some((key) => key.purpose === purpose && key.state === 'next'),
      code,
      `inventory.keys: ${purpose} has a next key, and one is being made`,
    )
  return value as unknown as KeyInventory
}

function checkKey(
  key: InventoryKey,
  at: string,
  purposes: readonly string[],
  code: SealdropErrorCode,
): void {
  ensure(
    purposes.includes(key.purpose),
    code,
    `${at}.purpose: there is no purpose ${shown(key.purpose)}`,
  )
  const missing = (
    key.state === 'making'
      ? (['began'] as const)
      : (['arns', 'thumbprint', 'jwk', 'alg', 'made'] as const)
  ).find((member) => key[member] === undefined)
  ensure(
    missing === undefined,
    code,
    `${at}.${missing ?? ''}: expected in a key that is ${key.state}`,
  )
  const dated =
    key.state === 'current'
      ? 'starts'
      : key.state === 'retired'
        ? 'retired'
        : key.state === 'next' && key.usage === 'SIGN_VERIFY'
          ? 'published'
          : undefined // waits are counted from them
  ensure(
    dated === undefined || key[dated] !== undefined,
    code,
    `${at}.${dated ?? ''}: expected in a key that is ${key.state}`,
  )
  ensure(
    key.state !== 'current' || key.published !== undefined,
    code,
    `${at}.published: expected in a key that is current`,
  )
  ensure(
    key.state !== 'deleting' || key.deletes !== undefined,
    code,
    `${at}.deletes: expected in a key that is deleting`,
  )
}

function checkMembers(
  at: string,
  value: unknown,
  rules: Readonly<Record<string, Rule>>,
  code: SealdropErrorCode,
): void {
  ensure(isJsonObject(value), code, `${at}: expected an object, found ${kindOf(value)}`)
  const unknown = Object.keys(value).find((member) => !Object.hasOwn(rules, member))
  ensure(
    unknown === undefined,
    code,
    `${at}: there is no member ${shown(unknown ?? '')}; was it written by a newer version?`,
  )
  for (const [member, [expected, fits, may]] of Object.entries(rules)) {
    const found = value[member]
    ensure(
      (found === undefined && may) || fits(found),
      code,
      `${at}.${member}: expected ${expected}, found ${typeof found === 'string' ? shown(found) : kindOf(found)}`,
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
