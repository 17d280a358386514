import { SealdropError } from '../../errors/sealdrop-error.js'
import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { isJsonObject, parseJsonObject, type JsonObject } from '../../formats/json.js'
import { defaultAccount } from '../state/key-model.js'
import type { SigningCredential } from '../wire/sigv4.js'
import type { PolicyPrincipal } from './decide.js'
import { parseIdentityPolicy } from './policy-document.js'
import type { Caller } from './principals.js'

/** An access key, and who calls with it. */
export interface Credential extends SigningCredential {
  readonly accessKeyId: string
  readonly principal: PolicyPrincipal & {
    readonly tags?: Readonly<Record<string, string>>
    /** The service of AWS that calls for the principal, as S3 does for whoever asks it. */
    readonly viaService?: string
  }
}

export interface Credentials {
  /** The account in which keys are made, unless a caller of another account makes them. */
  readonly account: string
  readonly list: readonly Credential[]
}

/**
 * The one access key by default. It is no secret, and does not look like a real one to scanners.
 */
export const defaultCredentials: Credentials = {
  account: defaultAccount,
  list: [
    {
      accessKeyId: 'LOCALKMSLOCALKMS',
      secretAccessKey: 'sealdrop-local-kms',
      principal: {
        arn: `arn:aws:iam::${defaultAccount}:root`,
        account: defaultAccount,
        kind: 'root',
        policies: [],
      },
    },
  ],
}

const principalArn =
  /^arn:aws(?:-cn|-us-gov)?:(?:iam::(\d{12}):(?:(root)|(user)\/[\w+=,.@/-]+)|sts::(\d{12}):(assumed-role)\/[\w+=,.@-]+\/[\w+=,.@-]+)$/
const roleArnPattern = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):role\/(?:[!-~]*\/)?([\w+=,.@-]+)$/

/**
 * Reads the credentials file, which says who may call, and with which IAM policies.
 *
 * The account of a principal is in its ARN.
 *
 * ```json
 * {
 *   "account": "111122223333",
 *   "principals": [
 *     {
 *       "arn": "arn:aws:iam::111122223333:user/sealer",
 *       "accessKeyId": "LOCALSEALER",
 *       "secretAccessKey": "sealer-secret",
 *       "tags": { "team": "payments" },
 *       "viaService": "s3",
 *       "policies": [
 *         {
 *           "Version": "2012-10-17",
 *           "Statement": { "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*" }
 *         }
 *       ]
 *     },
 *     {
 *       "arn": "arn:aws:sts::444455556666:assumed-role/Opener/session-1",
 *       "roleArn": "arn:aws:iam::444455556666:role/service/Opener",
 *       "accessKeyId": "LOCALOPENER",
 *       "secretAccessKey": "opener-secret",
 *       "sessionToken": "opener-token"
 *     }
 *   ]
 * }
 * ```
 *
 * @returns `policies` default to none, except for a root user, who has full access in its account
 *   and takes none
 * @throws SealdropError `malformed`, naming the place; secrets are never shown
 */
export function parseCredentials(json: string): Credentials {
  const file = parseJsonObject(json.replace(/^\ufeff/, ''), {
    code: 'malformed',
    field: 'credentials',
  })
  checkMembers(file, ['account', 'principals'], 'credentials')
  const { account, principals } = file
  ensure(
    typeof account === 'string' && /^\d{12}$/.test(account),
    'malformed',
    `credentials: account: expected a string of 12 digits, found ${kindOf(account)}`,
  )
  ensure(
    Array.isArray(principals) && principals.length > 0,
    'malformed',
    `credentials: principals: expected at least one, found ${kindOf(principals)}`,
  )
  const list = principals.map((entry: unknown, index) =>
    readCredential(entry, `credentials: principals[${index}]`),
  )
  const ids = list.map(({ accessKeyId }) => accessKeyId)
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index)
  ensure(
    twice < 0,
    'malformed',
    `credentials: principals[${twice}].accessKeyId: ${shown(ids[twice] ?? '')} is there twice`,
  )
  return { account, list }
}

/** What members must be that are texts. */
const textRules = {
  arn: {
    pattern: principalArn,
    expected: 'the ARN of a root user, a user or an assumed role session',
  },
  roleArn: { pattern: roleArnPattern, expected: 'the ARN of a role' },
  accessKeyId: { pattern: /^[\w-]{4,128}$/, expected: '4 to 128 letters, digits, _ or -' },
  secretAccessKey: {
    pattern: /^[!-~]{1,256}$/,
    expected: '1 to 256 printable characters without spaces',
  },
  sessionToken: {
    pattern: /^[!-~]{1,4096}$/,
    expected: '1 to 4096 printable characters without spaces',
  },
  viaService: {
    pattern: /^[a-z][a-z0-9-]{0,62}$/,
    expected: 'the name of a service as kms:ViaService has it, such as s3',
  },
} as const

const memberNames = [
  'arn',
  'roleArn',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
  'tags',
  'policies',
  'viaService',
]

function readCredential(value: unknown, at: string): Credential {
  ensure(isJsonObject(value), 'malformed', `${at}: expected an object, found ${kindOf(value)}`)
  checkMembers(value, memberNames, at)
  const accessKeyId = readText(value, 'accessKeyId', at)
  const secretAccessKey = readText(value, 'secretAccessKey', at)
  const hasToken = value['sessionToken'] !== undefined
  const sessionToken = hasToken ? readText(value, 'sessionToken', at) : undefined
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    principal: readPrincipal(value, at),
  }
}

function readPrincipal(value: JsonObject, at: string): Credential['principal'] {
  const arn = readText(value, 'arn', at)
  const { account, kind } = callerOf(arn)
  const { roleArn, policies = [], tags } = value
  ensure(
    Array.isArray(policies),
    'malformed',
    `${at}.policies: expected an array, found ${kindOf(policies)}`,
  )
  ensure(
    kind !== 'root' || policies.length === 0,
    'malformed',
    `${at}.policies: a root user has full access in its account and takes no policies`,
  )
  ensure(
    tags === undefined || isTags(tags),
    'malformed',
    `${at}.tags: expected an object of strings`,
  )
  const role = roleArn === undefined ? undefined : readText(value, 'roleArn', at)
  ensure(
    role === undefined || isRoleOf(role, { arn, account, kind }),
    'malformed',
    `${at}.roleArn: expected the role of the session in arn`,
  )
  return {
    arn,
    account,
    kind,
    ...(role !== undefined && { roleArn: role }),
    policies: policies.map((policy: unknown, index) =>
      parseIdentityPolicy(policy, `${at}.policies[${index}]`),
    ),
    ...(tags !== undefined && { tags }),
    ...(value['viaService'] !== undefined && { viaService: readText(value, 'viaService', at) }),
  }
}

/** What kind of principal an ARN names. */
function callerOf(arn: string): Pick<Caller, 'account' | 'kind'> {
  const [, iamAccount, root, , stsAccount] = principalArn.exec(arn) ?? []
  if (iamAccount === undefined) return { account: stsAccount ?? '', kind: 'assumed-role' }
  return { account: iamAccount, kind: root === undefined ? 'user' : 'root' }
}

/** Whether a session is one of this role. */
function isRoleOf(role: string, { arn, account, kind }: Caller): boolean {
  const [, roleAccount, name] = roleArnPattern.exec(role) ?? []
  return kind === 'assumed-role' && roleAccount === account && name === arn.split('/')[1]
}

const isTags = (value: unknown): value is Readonly<Record<string, string>> =>
  isJsonObject(value) && Object.values(value).every((tag) => typeof tag === 'string')

/**
 * Parses the text of the file.
 *
 * @throws SealdropError `malformed`, without the text
 */
function readText(value: JsonObject, name: keyof typeof textRules, at: string): string {
  const { pattern, expected } = textRules[name]
  const text = value[name]
  if (typeof text === 'string' && pattern.test(text)) return text
  const found = typeof text === 'string' ? 'another string' : kindOf(text)
  throw new SealdropError('malformed', `${at}.${name}: expected ${expected}, found ${found}`)
}

function checkMembers(value: JsonObject, known: readonly string[], at: string): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  ensure(
    unknown === undefined,
    'malformed',
    `${at}: there is no member ${shown(unknown ?? '')}; expected ${known.join(', ')}`,
  )
}
