import { recipientUses, specsOfSignature } from '../../algorithms/kms-key-specs.js'
import { isSignatureName, signatures } from '../../algorithms/signatures.js'
import { ensure, shown } from '../../errors/guard.js'
import type { SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { parseJson } from '../../formats/json.js'
import { checkMembers, inventoryRules, keyRules, purposeRules } from './member-rules.js'
import type { InventoryKey, KeyInventory, KeyState, Purpose } from './inventory-model.js'

/**
 * Reads an inventory as it is kept.
 *
 * @throws SealdropError `malformed` naming the member
 */
export function parseInventory(json: string): KeyInventory {
  return checkInventory(parseJson(json, { code: 'malformed', field: 'inventory' }), 'malformed')
}

/**
 * Checks an inventory, also that its parts belong together.
 *
 * @throws SealdropError with the given code, naming the member
 */
export function checkInventory(value: unknown, code: SealdropErrorCode): KeyInventory {
  checkMembers('inventory', value, inventoryRules, code)
  const inventory = value as KeyInventory
  const { purposes, keys } = inventory
  purposes.forEach((purpose, i) =>
    checkMembers(`inventory.purposes[${i}]`, purpose, purposeRules, code),
  )
  keys.forEach((key, i) => checkMembers(`inventory.keys[${i}]`, key, keyRules, code))
  checkNames(purposes, code)
  purposes.forEach((purpose, i) => checkPurpose(purpose, `inventory.purposes[${i}]`, code))
  keys.forEach((key, i) => checkKey(key, `inventory.keys[${i}]`, inventory, code))
  checkEachOnce(keys, code)
  checkStates(keys, code)
  return inventory
}

/** Checks that no two purposes have the same name or the same alias. */
function checkNames(purposes: readonly Purpose[], code: SealdropErrorCode): void {
  const names = purposes.map(({ name }) => name)
  ensure(areDistinct(names), code, 'inventory.purposes: two have one name')
  const aliases = purposes.map(({ alias }) => alias)
  const isBareOf = (alias: string, other: string): boolean =>
    other !== alias && other.endsWith(`:${alias}`)
  const overlap = aliases.some((alias) => aliases.some((other) => isBareOf(alias, other)))
  ensure(
    areDistinct(aliases) && !overlap,
    code,
    'inventory.purposes: two have one alias; in different Regions name both by ARN',
  )
}

const areDistinct = (list: readonly unknown[]): boolean => new Set(list).size === list.length

/** Checks that usage, algorithm and spec of a purpose go together. */
function checkPurpose(purpose: Purpose, at: string, code: SealdropErrorCode): void {
  const { use, spec, usage, alg } = purpose
  ensure(
    (use === 'sig') === (usage === 'SIGN_VERIFY'),
    code,
    `${at}.usage: ${usage} is not for use ${use}`,
  )
  ensure(
    alg === undefined || signsWith(alg, purpose),
    code,
    `${at}.alg: ${alg ?? ''} is not for ${spec} and ${usage}`,
  )
  ensure(hasUsage(purpose), code, `${at}.usage: KMS has no ${spec} for ${usage}`)
  ensure(
    !purpose.age || (spec === 'ECC_NIST_P256' && usage === 'KEY_AGREEMENT'),
    code,
    `${at}.age: age seals to ECC_NIST_P256 of the usage KEY_AGREEMENT, found ${spec} and ${usage}`,
  )
}

const signsWith = (alg: string, { spec, usage }: Purpose): boolean =>
  isSignatureName(alg) &&
  usage === 'SIGN_VERIFY' &&
  specsOfSignature(signatures[alg]).includes(spec)

/** Whether KMS has such a key; `signsWith` knows it of signing keys. */
function hasUsage({ spec, usage }: Purpose): boolean {
  if (usage === 'SIGN_VERIFY') return true
  return Object.values(recipientUses).some(
    (use) => use.usage === usage && Object.values(use.specs).includes(spec),
  )
}

/** Members that a key must have, beside those of every key: here while it is being made. */
const beginning: readonly (keyof InventoryKey)[] = ['began']
const ofMadeKeys: readonly (keyof InventoryKey)[] = ['arns', 'thumbprint', 'jwk', 'alg', 'made']
/** Those of a state. Waits are counted from the first one. */
const ofState: Readonly<Partial<Record<KeyState, readonly (keyof InventoryKey)[]>>> = {
  current: ['starts', 'published'],
  retired: ['retired'],
  deleting: ['deletes'],
}

function checkKey(
  key: InventoryKey,
  at: string,
  { purposes }: KeyInventory,
  code: SealdropErrorCode,
): void {
  ensure(
    purposes.some(({ name }) => name === key.purpose),
    code,
    `${at}.purpose: there is no purpose ${shown(key.purpose)}`,
  )
  const missing = membersOf(key).find((member) => key[member] === undefined)
  ensure(
    missing === undefined,
    code,
    `${at}.${missing ?? ''}: expected in a key that is ${key.state}`,
  )
}

function membersOf({ state, usage }: InventoryKey): readonly (keyof InventoryKey)[] {
  if (state === 'making') return beginning
  if (state === 'next' && usage === 'SIGN_VERIFY') return [...ofMadeKeys, 'published']
  return [...ofMadeKeys, ...(ofState[state] ?? [])]
}

/** Checks that no key is there twice, by token, ARN or thumbprint. */
function checkEachOnce(keys: readonly InventoryKey[], code: SealdropErrorCode): void {
  const lists = [
    keys.map(({ token }) => token),
    keys.flatMap(({ arns = [] }) => arns),
    keys.flatMap(({ thumbprint = [] }) => thumbprint),
  ]
  ensure(lists.every(areDistinct), code, 'inventory.keys: one key is there twice')
}

/** Checks that a purpose has one current key at most, and one that is or will be the next. */
function checkStates(keys: readonly InventoryKey[], code: SealdropErrorCode): void {
  const purposesOf = (state: KeyState): readonly string[] =>
    keys.filter((key) => key.state === state).map(({ purpose }) => purpose)
  for (const state of ['making', 'next', 'current'] as const) {
    ensure(
      areDistinct(purposesOf(state)),
      code,
      `inventory.keys: a purpose has two keys that are ${state}`,
    )
  }
  const next = purposesOf('next')
  const both = purposesOf('making').find((purpose) => next.includes(purpose))
  ensure(
    both === undefined,
    code,
    `inventory.keys: ${both ?? ''} has a next key, and one is being made`,
  )
}
