import { basename } from 'node:path'
import { ensure } from '../../errors/guard.js'
import { isJsonObject, parseJsonObject, type JsonObject } from '../../formats/json.js'
import { materialFromText, materialToText } from '../crypto/material.js'
import { keySpecs } from '../key-specs.js'
import { newMaterial } from './materials.js'
import { defaultAccount, defaultPolicy, type Alias, type Key, type KeyMaterial } from './model.js'

/** A key's file: its record and its material, private keys as PKCS#8 PEM. */
export function keyToJson({ materials, ...record }: Key): string {
  return json({ ...record, materials: materials.map(({ material, ...rest }) => ({ ...rest, key: materialToText(material) })) })
}

export function aliasesToJson(aliases: readonly Alias[]): string {
  return json({ aliases })
}

/** Members by name, and whether a value will do; `optional` ones may be absent. */
type Checks = Readonly<Record<string, (value: unknown, record: JsonObject) => boolean>>

const isString = (value: unknown): boolean => typeof value === 'string'
const isTime = (value: unknown): boolean => Number.isFinite(value)
const optional = (check: (value: unknown) => boolean) => (value: unknown): boolean => value === undefined || check(value)
const isStrings = (value: unknown): boolean => isJsonObject(value) && Object.values(value).every(isString)

const keyChecks: Checks = {
  account: isString,
  spec: (value) => isString(value) && keySpecs.has(value as string),
  usage: (value, { spec }) => isString(value) && Object.hasOwn(keySpecs.get(spec as string)?.algorithms ?? {}, value as string),
  description: isString,
  created: isTime,
  enabled: (value) => typeof value === 'boolean',
  deletion: optional(isTime),
  waitingDays: optional(isTime),
  origin: (value) => value === 'AWS_KMS' || value === 'EXTERNAL',
  validTo: optional(isTime),
  primaryRegion: optional(isString),
  policy: isString,
  tags: isStrings,
  grants: (value) => Array.isArray(value) && value.every((grant) => isJsonObject(grant) && ['id', 'token', 'name', 'grantee', 'issuer'].every((name) => isString(grant[name])) && Array.isArray(grant['operations']) && isTime(grant['created'])),
  rotation: optional((value) => isJsonObject(value) && isTime(value['days']) && isTime(value['next'])),
  materials: (value, { spec }) => Array.isArray(value) && value.every((version) => materialOf(version, spec as string)),
}

/**
 * The key of a file. Files of before accounts and policies hold one private key and get the defaults of the rest.
 *
 * @throws SealdropError `malformed`, naming the file and what is wrong in it, without its content
 */
export function keyFromJson(text: string, path: string, partition: string): Key {
  const { privateKey, ...found } = parseJsonObject(text, { code: 'malformed', field: damaged(path) })
  const account = defaultAccount
  const old = privateKey !== undefined && found['materials'] === undefined
  const record: JsonObject = old ? { account, origin: 'AWS_KMS', policy: defaultPolicy(partition, account), tags: {}, grants: [], materials: [{ key: privateKey, created: found['created'] }], ...found } : found
  const { id } = record
  ensure(isString(id) && basename(path) === `${String(id)}.json`, 'malformed', `${damaged(path)}: the member id is missing or wrong`)
  const wrong = Object.keys(keyChecks).find((name) => !keyChecks[name]!(record[name], record))
  ensure(wrong === undefined, 'malformed', `${damaged(path)}: the member ${old && wrong === 'materials' ? 'privateKey' : wrong} is missing or wrong`)
  const known = Object.keys(keyChecks).filter((name) => record[name] !== undefined).map((name) => [name, record[name]])
  return { ...Object.fromEntries(known), id, materials: (record['materials'] as readonly unknown[]).map((version) => materialOf(version, record['spec'] as string)) } as unknown as Key
}

function materialOf(version: unknown, spec: string): KeyMaterial | undefined {
  if (!isJsonObject(version) || !isString(version['key']) || !isTime(version['created'])) return undefined
  const { rotation, created } = version
  if (rotation !== undefined && rotation !== 'AUTOMATIC' && rotation !== 'ON_DEMAND') return undefined
  const material = keySpecs.has(spec) ? materialFromText(spec, version['key'] as string) : undefined
  return material && newMaterial(material, created as number, rotation)
}

/** @throws SealdropError `malformed`, naming the file */
export function aliasesFromJson(text: string, path: string): readonly Alias[] {
  const { aliases } = parseJsonObject(text, { code: 'malformed', field: damaged(path) })
  const whole = Array.isArray(aliases) && aliases.every((alias) => isJsonObject(alias)
    && isString(alias['name']) && String(alias['name']).startsWith('alias/') && isString(alias['keyId'])
    && optional(isString)(alias['account']) && isTime(alias['created']) && isTime(alias['updated']))
  ensure(whole, 'malformed', `${damaged(path)}: the member aliases is missing or wrong`)
  return (aliases as readonly Alias[]).map(({ account = defaultAccount, name, keyId, created, updated }) => ({ account, name, keyId, created, updated }))
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
const damaged = (path: string): string => `${path} is damaged (restore it or delete it)`
