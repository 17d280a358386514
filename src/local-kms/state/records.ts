import { createPrivateKey, type KeyObject } from 'node:crypto'
import { basename } from 'node:path'
import { ensure } from '../../errors/guard.js'
import { isJsonObject, parseJsonObject } from '../../formats/json.js'
import { keySpecs, type KeyUsage } from '../key-specs.js'
import type { Alias, Key } from './keyring.js'

const curveNamesOfNode: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** A key's file: its record and its private key as PKCS#8 PEM. */
export function keyToJson({ privateKey, ...record }: Key): string {
  return json({ ...record, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) })
}

export function aliasesToJson(aliases: readonly Alias[]): string {
  return json({ aliases })
}

/** @throws SealdropError `malformed`, naming the file and what is wrong in it, without its content */
export function keyFromJson(text: string, path: string): Key {
  const found = parseJsonObject(text, { code: 'malformed', field: damaged(path) })
  const { id, spec, usage, description, created, enabled, deletion, privateKey } = found
  const row = typeof spec === 'string' ? keySpecs.get(spec) : undefined
  const pair = typeof privateKey === 'string' ? parsePrivateKey(privateKey) : undefined
  const wrong = firstFalse({
    id: typeof id === 'string' && basename(path) === `${id}.json`,
    spec: row !== undefined,
    usage: typeof usage === 'string' && Object.hasOwn(row?.algorithms ?? {}, usage),
    description: typeof description === 'string',
    created: Number.isFinite(created),
    enabled: typeof enabled === 'boolean',
    deletion: deletion === undefined || Number.isFinite(deletion),
    privateKey: pair !== undefined && specOf(pair) === spec,
  })
  ensure(wrong === undefined, 'malformed', `${damaged(path)}: the member ${wrong} is missing or wrong`)
  return {
    id: id as string,
    spec: spec as string,
    usage: usage as KeyUsage,
    description: description as string,
    created: created as number,
    enabled: enabled as boolean,
    ...(deletion === undefined ? {} : { deletion: deletion as number }),
    privateKey: pair as KeyObject,
  }
}

/** @throws SealdropError `malformed`, naming the file */
export function aliasesFromJson(text: string, path: string): readonly Alias[] {
  const { aliases } = parseJsonObject(text, { code: 'malformed', field: damaged(path) })
  const whole = Array.isArray(aliases) && aliases.every((alias) => isJsonObject(alias)
    && typeof alias['name'] === 'string' && alias['name'].startsWith('alias/') && typeof alias['keyId'] === 'string'
    && Number.isFinite(alias['created']) && Number.isFinite(alias['updated']))
  ensure(whole, 'malformed', `${damaged(path)}: the member aliases is missing or wrong`)
  return (aliases as readonly Alias[]).map(({ name, keyId, created, updated }) => ({ name, keyId, created, updated }))
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
const damaged = (path: string): string => `${path} is damaged (restore it or delete it)`
const firstFalse = (checks: Readonly<Record<string, boolean>>): string | undefined => Object.keys(checks).find((name) => !checks[name])

function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** The KeySpec of a private key, by what the key itself says. */
function specOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const curve = curveNamesOfNode[asymmetricKeyDetails?.namedCurve ?? '']
  const bits = asymmetricKeyDetails?.modulusLength
  return [...keySpecs].find(([, row]) => (row.kty === 'RSA' ? asymmetricKeyType === 'rsa' && bits === row.size * 8 : asymmetricKeyType === 'ec' && curve === row.curve))?.[0]
}
