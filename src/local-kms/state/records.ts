import { basename } from 'node:path'
import { ensure } from '../../errors/guard.js'
import { isJsonObject, parseJsonObject, type JsonObject } from '../../formats/json.js'
import { materialFromText, materialToText } from '../crypto/material.js'
import { defaultKeyPolicy } from './default-key-policy.js'
import { keySpecs } from '../key-specs.js'
import { newMaterial } from './materials.js'
import { defaultAccount, type Alias, type Key, type KeyMaterial } from './key-model.js'

/** A key's file: its record and its material, private keys as PKCS#8 PEM. */
export function keyToJson({ materials, tags, ...record }: Key): string {
  const versions = materials.map(({ material, ...rest }) => ({
    ...rest,
    ...(material && { key: materialToText(material) }),
  }))
  // a tag may have the name __proto__, which a member may not
  return json({ ...record, tags: Object.entries(tags), materials: versions })
}

export function aliasesToJson(aliases: readonly Alias[]): string {
  return json({ aliases })
}

/** Members by name, each with a test of its value. Those in `optional` may be absent. */
type Checks = Readonly<Record<string, (value: unknown, record: JsonObject) => boolean>>

const isString = (value: unknown): boolean => typeof value === 'string'
const isTime = (value: unknown): boolean => Number.isFinite(value)
const optional =
  (check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || check(value)
const isPairs = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isString))
const isUsage = (value: unknown): boolean =>
  isJsonObject(value) &&
  isTime(value['time']) &&
  ['operation', 'eventId', 'requestId'].every((name) => isString(value[name]))

const isGrant = (value: unknown): boolean =>
  isJsonObject(value) &&
  ['id', 'token', 'name', 'grantee', 'issuer'].every((name) => isString(value[name])) &&
  Array.isArray(value['operations']) &&
  isTime(value['created'])

const keyChecks: Checks = {
  account: isString,
  spec: (value) => isString(value) && keySpecs.has(value as string),
  usage: (value, { spec }) =>
    isString(value) &&
    Object.hasOwn(keySpecs.get(spec as string)?.algorithms ?? {}, value as string),
  description: isString,
  created: isTime,
  enabled: (value) => typeof value === 'boolean',
  deletion: optional(isTime),
  waitingDays: optional(isTime),
  origin: (value) => value === 'AWS_KMS' || value === 'EXTERNAL',
  manager: optional((value) => value === 'AWS'),
  primaryRegion: optional(isString),
  policy: isString,
  tags: isPairs,
  grants: (value) => Array.isArray(value) && value.every(isGrant),
  rotation: optional(
    (value) => isJsonObject(value) && isTime(value['days']) && isTime(value['next']),
  ),
  lastUsage: optional(isUsage),
  materials: (value, record) =>
    Array.isArray(value) && value.every((version) => materialOf(version, record)),
}

const materialChecks: Checks = {
  id: optional((value) => isString(value) && /^[0-9a-f]{64}$/.test(value as string)),
  created: isTime,
  rotation: optional((value) => value === 'AUTOMATIC' || value === 'ON_DEMAND'),
  pending: optional((value) => value === true),
  validTo: optional(isTime),
  description: optional(isString),
}

const aliasChecks: Checks = {
  name: (value) => typeof value === 'string' && value.startsWith('alias/'),
  keyId: isString,
  account: optional(isString),
  created: isTime,
  updated: isTime,
}

/**
 * Reads the key of a file.
 *
 * A file that was written before there were accounts and policies holds one private key, and gets
 * defaults for everything else.
 *
 * @throws SealdropError `malformed`, naming the file and what is wrong in it, without its content
 */
export function keyFromJson(text: string, path: string, partition: string): Key {
  const found = parseJsonObject(text, { code: 'malformed', field: damaged(path), surrogates: true })
  const old = isOld(found)
  const record = recordOf(found, partition)
  const { id } = record
  ensure(
    isString(id) && basename(path) === `${String(id)}.json`,
    'malformed',
    `${damaged(path)}: the member id is missing or wrong`,
  )
  const wrong = firstWrong(keyChecks, record)
  const named = old && wrong === 'materials' ? 'privateKey' : wrong
  ensure(
    wrong === undefined,
    'malformed',
    `${damaged(path)}: the member ${named} is missing or wrong`,
  )
  const known = Object.keys(keyChecks)
    .filter((name) => record[name] !== undefined)
    .map((name) => [name, record[name]])
  const tags = Object.fromEntries(record['tags'] as readonly [string, string][])
  const versions = record['materials'] as readonly unknown[]
  const materials = versions.map((version) => materialOf(version, record))
  return { ...Object.fromEntries(known), id, tags, materials } as unknown as Key
}

/** The members of a key's file, also of one that was written before there were accounts. */
function recordOf(members: JsonObject, partition: string): JsonObject {
  const { privateKey, ...found } = members
  if (!isOld(members)) return found
  const account = defaultAccount
  return {
    account,
    origin: 'AWS_KMS',
    policy: defaultKeyPolicy(account, partition),
    tags: [],
    grants: [],
    materials: [{ key: privateKey, created: found['created'] }],
    ...found,
  }
}

const isOld = ({ privateKey, materials }: JsonObject): boolean =>
  privateKey !== undefined && materials === undefined

/** The first member that is missing or wrong. */
const firstWrong = (checks: Checks, record: JsonObject): string | undefined =>
  Object.entries(checks).find(([name, check]) => !check(record[name], record))?.[0]

/** Reads a version. Material that was to be imported may be missing, so that its id is all. */
function materialOf(version: unknown, { id, spec, origin }: JsonObject): KeyMaterial | undefined {
  if (!isJsonObject(version) || !keySpecs.has(spec as string)) return undefined
  const { key, ...facts } = version
  if (firstWrong(materialChecks, facts) !== undefined) return undefined
  const known = Object.fromEntries(
    Object.entries(facts).filter(([name]) => Object.hasOwn(materialChecks, name)),
  ) as unknown as KeyMaterial
  const material = isString(key) ? materialFromText(spec as string, key as string) : undefined
  if (material) return newMaterial(id as string, material, known)
  const isToImport = key === undefined && origin === 'EXTERNAL' && facts['id'] !== undefined
  return isToImport ? known : undefined
}

/**
 * Reads a file of aliases.
 *
 * @throws SealdropError `malformed`, naming the file
 */
export function aliasesFromJson(text: string, path: string): readonly Alias[] {
  const { aliases } = parseJsonObject(text, {
    code: 'malformed',
    field: damaged(path),
    surrogates: true,
  })
  const whole =
    Array.isArray(aliases) &&
    aliases.every((alias) => isJsonObject(alias) && firstWrong(aliasChecks, alias) === undefined)
  ensure(whole, 'malformed', `${damaged(path)}: the member aliases is missing or wrong`)
  return (aliases as readonly StoredAlias[]).map(
    ({ account = defaultAccount, name, keyId, created, updated }) => ({
      account,
      name,
      keyId,
      created,
      updated,
    }),
  )
}

/** The account. A file that was written before there were accounts names none. */
type StoredAlias = Omit<Alias, 'account'> & { readonly account?: string }

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
const damaged = (path: string): string => `${path} is damaged (restore it or delete it)`
