import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, parseJsonObject, type JsonObject } from '../../formats/json.js'
import { KmsFault } from '../wire/fault.js'
import { readOperator, type Condition } from './conditions.js'
import { readPrincipal, type Principal } from './principals.js'

/** An element and its Not… form; `undefined` where a statement has neither. */
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
  /** Policy variables came with version 2012-10-17. */
  readonly variables: boolean
  readonly statements: readonly Statement[]
}

/** What a reader of documents is strict about, and how it fails. */
interface Reader {
  readonly kind: 'key' | 'identity'
  fail(text: string): never
}

export const maxKeyPolicyBytes = 32_768
const singleValued = /^(kms:EncryptionContext:|aws:RequestTag\/)/i

/**
 * Reads a key policy. A statement without Action or Resource is taken and has no effect, as in AWS
 * (CreateKey, `Policy`).
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
    return parseJsonObject(text, { code: 'malformed', field: 'policy' })
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
  const list: readonly unknown[] = Array.isArray(Statement)
    ? Statement
    : Statement === undefined
      ? []
      : [Statement]
  if (list.length === 0) reader.fail('Statement: expected at least one statement')
  const statements = list.map((entry, index) => readStatement(entry, `Statement[${index}]`, reader))
  const sids = statements.flatMap(({ sid }) => (sid === undefined ? [] : [sid]))
  if (new Set(sids).size < sids.length)
    reader.fail('Statement IDs (SID) in a single policy must be unique.')
  return { variables: Version === '2012-10-17', statements }
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
  const principals = choice(statement, 'Principal', at, reader, readPrincipals)
  const actions = choice(
    statement,
    'Action',
    at,
    reader,
    patterns(/^(\*|[a-z0-9-]+:[a-z0-9*?]+)$/i),
  )
  const resources = choice(statement, 'Resource', at, reader, patterns(/^(\*|arn:[\s\S]+)$/))
  const complete = actions !== undefined && resources !== undefined
  if (reader.kind === 'identity' && principals)
    reader.fail('Policy document should not specify a principal.')
  if (reader.kind === 'identity' && !complete) reader.fail(`${at}: expected Action and Resource`)
  if (reader.kind === 'key' && !principals)
    reader.fail('Policy contains a statement with no principal.')
  return {
    ...(typeof Sid === 'string' ? { sid: Sid } : {}),
    effect: Effect,
    ...(principals && { principals }),
    ...(actions && { actions }),
    ...(resources && { resources }),
    conditions: readConditions(statement['Condition'], `${at}.Condition`, reader),
  }
}

type Read<T> = (value: unknown, at: string, reader: Reader) => readonly T[]

function choice<T>(
  statement: JsonObject,
  name: string,
  at: string,
  reader: Reader,
  read: Read<T>,
): Choice<T> | undefined {
  const [plain, negated] = [statement[name], statement[`Not${name}`]]
  if (plain !== undefined && negated !== undefined)
    reader.fail(`${at}: ${name} and Not${name} exclude each other`)
  if (plain === undefined && negated === undefined) return undefined
  return {
    not: plain === undefined,
    of: read(plain ?? negated, `${at}.${plain === undefined ? 'Not' : ''}${name}`, reader),
  }
}

const patterns =
  (pattern: RegExp): Read<string> =>
  (value, at, reader) => {
    const list = strings(value, at, reader)
    const bad = list.findIndex((text) => !pattern.test(text))
    return bad < 0
      ? list
      : reader.fail(
          `${at}[${bad}]: expected ${pattern.source.includes('arn') ? '* or an ARN' : '* or a service and an action'}`,
        )
  }

const readPrincipals: Read<Principal> = (value, at, reader) => {
  if (value === '*') return [{ kind: 'any' }]
  const kinds = members(value, ['AWS', 'Service', 'Federated'], at, reader)
  const principals = Object.entries(kinds).flatMap(([kind, names]) =>
    strings(names, `${at}.${kind}`, reader).map((name): Principal | undefined => {
      if (kind === 'AWS') return readPrincipal(name)
      return /^[!-)+-~]+$/.test(name)
        ? { kind: kind === 'Service' ? 'service' : 'federated', name }
        : undefined
    }),
  )
  if (principals.length === 0) reader.fail('Policy contains a statement with no principal.')
  return principals.map(
    (principal) =>
      principal ?? reader.fail('Policy contains a statement with one or more invalid principals.'),
  )
}

function readConditions(value: unknown, at: string, reader: Reader): readonly Condition[] {
  if (value === undefined) return []
  return Object.entries(object(value, at, reader)).flatMap(([name, keys]) => {
    const operator =
      readOperator(name) ??
      reader.fail(`${at}: there is no condition operator ${JSON.stringify(name)}`)
    return Object.entries(object(keys, `${at}.${name}`, reader)).map(([key, values]): Condition => {
      if (!/^[a-z0-9-]+(\.[a-z0-9.-]+)?:./i.test(key))
        reader.fail(`${at}.${name}: ${JSON.stringify(key)} is no condition key`)
      if (operator.set === 'ForAllValues' && singleValued.test(key)) {
        const what = /^kms/i.test(key) ? 'encryption context' : 'tag'
        reader.fail(
          `OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`,
        )
      }
      const list = Array.isArray(values) ? values : [values]
      if (
        list.length === 0 ||
        !list.every((entry) => ['string', 'number', 'boolean'].includes(typeof entry))
      )
        reader.fail(`${at}.${name}.${key}: expected a string or a list of strings`)
      return { ...operator, key, values: list.map(String) }
    })
  })
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
