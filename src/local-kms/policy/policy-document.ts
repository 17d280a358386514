import { Buffer } from 'node:buffer'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, parseJsonObject, type JsonObject } from '../../formats/json.js'
import { KmsFault } from '../wire/fault.js'
import { readOperator, type Condition } from './conditions.js'
import { readPrincipal, type Principal } from './principals.js'

/** An element or its Not… form; undefined where a statement has neither. */
export interface Choice<T> {
  readonly not: boolean
  readonly of: readonly T[]
}

export interface Statement {
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  readonly principals?: Choice<Principal>
  readonly actions?: Choice<string>
  readonly resources?: Choice<string>
  readonly conditions: readonly Condition[]
}

export interface PolicyDocument {
  /** Whether it has policy variables, which came with version 2012-10-17. */
  readonly variables: boolean
  readonly statements: readonly Statement[]
}

/** What a kind of policy must have, and how a reader of it fails. */
interface Reader {
  readonly kind: 'key' | 'identity'
  fail(text: string): never
}

export const maxKeyPolicyBytes = 32_768
const singleValued = /^(kms:EncryptionContext:|aws:RequestTag\/)/i

/**
 * Reads a key policy.
 *
 * As in AWS, a statement without Action or Resource is taken, and has no effect (CreateKey,
 * `Policy`).
 *
 * @throws KmsFault MalformedPolicyDocumentException, LimitExceededException (more than 32 KiB)
 */
export function parseKeyPolicy(text: string): PolicyDocument {
  const fail = (message: string): never => {
    throw new KmsFault('MalformedPolicyDocumentException', message)
  }
  if (Buffer.byteLength(text) > maxKeyPolicyBytes)
    throw new KmsFault(
      'LimitExceededException',
      `The key policy is larger than ${maxKeyPolicyBytes} bytes.`,
    )
  if (!/^[\t\n\r\x20-\xff]+$/.test(text))
    fail('The key policy has characters outside of Basic Latin and Latin-1 Supplement.')
  return readDocument(parsed(text, fail), { kind: 'key', fail })
}

/**
 * Reads an IAM policy of a principal.
 *
 * @param document - JSON text, or what it parses to
 * @param field - names it in messages
 * @throws SealdropError `malformed`
 */
export function parseIdentityPolicy(document: unknown, field: string): PolicyDocument {
  const fail = (message: string): never => {
    throw new SealdropError('malformed', `${field}: ${message}`)
  }
  return readDocument(typeof document === 'string' ? parsed(document, fail) : document, {
    kind: 'identity',
    fail,
  })
}

function parsed(text: string, fail: (message: string) => never): JsonObject {
  try {
    return parseJsonObject(text, { code: 'malformed', field: 'policy', surrogates: true })
  } catch (e) {
    return fail(isSealdropError(e) ? e.message : 'expected JSON')
  }
}

function readDocument(value: unknown, reader: Reader): PolicyDocument {
  const {
    Version = '2008-10-17',
    Id = '',
    Statement,
  } = members(value, ['Version', 'Id', 'Statement'], 'policy', reader)
  if (Version !== '2012-10-17' && Version !== '2008-10-17')
    reader.fail('Version: expected 2012-10-17 or 2008-10-17')
  if (typeof Id !== 'string') reader.fail('Id: expected a string')
  const list = listOf(Statement)
  if (list.length === 0) reader.fail('Statement: expected at least one statement')
  const statements = list.map((entry, index) => readStatement(entry, `Statement[${index}]`, reader))
  const sids = statements.flatMap(({ sid }) => (sid === undefined ? [] : [sid]))
  if (new Set(sids).size < sids.length)
    reader.fail('Statement IDs (SID) in a single policy must be unique.')
  return { variables: Version === '2012-10-17', statements }
}

/** The statements. A single one may stand without a list around it. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

const elements = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]

function readStatement(value: unknown, at: string, reader: Reader): Statement {
  const statement = members(value, elements, at, reader)
  const { Sid, Effect } = statement
  if (Sid !== undefined && typeof Sid !== 'string') reader.fail(`${at}.Sid: expected a string`)
  if (Effect !== 'Allow' && Effect !== 'Deny')
    return reader.fail(`${at}.Effect: expected Allow or Deny`)
  const principals = choice(statement, { name: 'Principal', read: readPrincipals }, at, reader)
  const actions = choice(statement, actionElement, at, reader)
  const resources = choice(statement, resourceElement, at, reader)
  const isComplete = actions !== undefined && resources !== undefined
  checkElements({ at, hasPrincipals: principals !== undefined, isComplete }, reader)
  return {
    ...(typeof Sid === 'string' && { sid: Sid }),
    effect: Effect,
    ...(principals && { principals }),
    ...(actions && { actions }),
    ...(resources && { resources }),
    conditions: readConditions(statement['Condition'], `${at}.Condition`, reader),
  }
}

interface StatementFacts {
  readonly at: string
  readonly hasPrincipals: boolean
  /** Whether it has an action and a resource. */
  readonly isComplete: boolean
}

/** The elements of a statement: only a key policy says who is meant. */
function checkElements({ at, hasPrincipals, isComplete }: StatementFacts, reader: Reader): void {
  if (reader.kind === 'key') {
    if (!hasPrincipals) reader.fail('Policy contains a statement with no principal.')
    return
  }
  if (hasPrincipals) reader.fail('Policy document should not specify a principal.')
  if (!isComplete) reader.fail(`${at}: expected Action and Resource`)
}

type Read<T> = (value: unknown, at: string, reader: Reader) => readonly T[]

/** Reads an element that also has a Not… form. */
interface Element<T> {
  readonly name: string
  readonly read: Read<T>
}

function choice<T>(
  statement: JsonObject,
  { name, read }: Element<T>,
  at: string,
  reader: Reader,
): Choice<T> | undefined {
  const plain = statement[name]
  const negated = statement[`Not${name}`]
  if (plain !== undefined && negated !== undefined)
    reader.fail(`${at}: ${name} and Not${name} exclude each other`)
  if (plain !== undefined) return { not: false, of: read(plain, `${at}.${name}`, reader) }
  if (negated !== undefined) return { not: true, of: read(negated, `${at}.Not${name}`, reader) }
  return undefined
}

const patterns =
  (pattern: RegExp, expected: string): Read<string> =>
  (value, at, reader) => {
    const list = strings(value, at, reader)
    const bad = list.findIndex((text) => !pattern.test(text))
    return bad < 0 ? list : reader.fail(`${at}[${bad}]: expected ${expected}`)
  }

const actionElement: Element<string> = {
  name: 'Action',
  read: patterns(/^(\*|[a-z0-9-]+:[a-z0-9*?]+)$/i, '* or a service and an action'),
}
const resourceElement: Element<string> = {
  name: 'Resource',
  read: patterns(/^(\*|arn:[\s\S]+)$/, '* or an ARN'),
}

const readPrincipals: Read<Principal> = (value, at, reader) => {
  if (value === '*') return [{ kind: 'any' }]
  const kinds = members(value, ['AWS', 'Service', 'Federated'], at, reader)
  const principals = Object.entries(kinds).flatMap(([kind, names]) =>
    strings(names, `${at}.${kind}`, reader).map((name) => principalOf(kind, name)),
  )
  if (principals.length === 0) reader.fail('Policy contains a statement with no principal.')
  return principals.map(
    (principal) =>
      principal ?? reader.fail('Policy contains a statement with one or more invalid principals.'),
  )
}

/** Reads an entry under `AWS`, `Service` or `Federated`; undefined where it names nobody. */
function principalOf(kind: string, name: string): Principal | undefined {
  if (kind === 'AWS') return readPrincipal(name)
  if (!/^[!-)+-~]+$/.test(name)) return undefined
  return { kind: kind === 'Service' ? 'service' : 'federated', name }
}

function readConditions(value: unknown, at: string, reader: Reader): readonly Condition[] {
  if (value === undefined) return []
  return Object.entries(object(value, at, reader)).flatMap(([name, keys]) => {
    const operator =
      readOperator(name) ??
      reader.fail(`${at}: there is no condition operator ${JSON.stringify(name)}`)
    const place = `${at}.${name}`
    return Object.entries(object(keys, place, reader)).map(([key, values]): Condition => {
      checkConditionKey(key, operator, place, reader)
      return { ...operator, key, values: scalars(values, `${place}.${key}`, reader) }
    })
  })
}

function checkConditionKey(
  key: string,
  { set }: Pick<Condition, 'set'>,
  at: string,
  reader: Reader,
): void {
  if (!/^[a-z0-9-]+(\.[a-z0-9.-]+)?:./i.test(key))
    reader.fail(`${at}: ${JSON.stringify(key)} is no condition key`)
  if (set !== 'ForAllValues' || !singleValued.test(key)) return
  const what = /^kms/i.test(key) ? 'encryption context' : 'tag'
  reader.fail(
    `OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`,
  )
}

/** Reads a text. Numbers and booleans stand for their texts. */
function scalars(value: unknown, at: string, reader: Reader): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const isScalar = (entry: unknown): boolean =>
    ['string', 'number', 'boolean'].includes(typeof entry)
  if (list.length === 0 || !list.every(isScalar))
    reader.fail(`${at}: expected a string or a list of strings`)
  return list.map(String)
}

function strings(value: unknown, at: string, reader: Reader): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const texts = list.filter((text) => typeof text === 'string')
  return texts.length > 0 && texts.length === list.length
    ? texts
    : reader.fail(`${at}: expected a string or a list of strings`)
}

function object(value: unknown, at: string, reader: Reader): JsonObject {
  return isJsonObject(value) ? value : reader.fail(`${at}: expected an object`)
}

function members(value: unknown, known: readonly string[], at: string, reader: Reader): JsonObject {
  const found = object(value, at, reader)
  const unknown = Object.keys(found).find((name) => !known.includes(name))
  return unknown === undefined
    ? found
    : reader.fail(`${at}: there is no element ${JSON.stringify(unknown)}`)
}
