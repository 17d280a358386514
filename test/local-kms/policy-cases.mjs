// Generated questions about who may do what: policies, callers and calls that meet in many ways.

/** The ARN of a session's role. */
export const roleOf = ({ kind, arn, account }) =>
  kind === 'assumed-role' ? [`arn:aws:iam::${account}:role/${arn.split('/')[1]}`] : []

/** mulberry32: the same cases on every host. */
export function generator(first) {
  let state = first
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const one = (list) => list[Math.floor(next() * list.length)]
  const some = (list, max) => [
    ...new Set(Array.from({ length: 1 + Math.floor(next() * max) }, () => one(list))),
  ]
  const chance = (p) => next() < p
  return {
    one,
    some,
    chance,
    oneOrList: (list, max) => (chance(0.5) ? one(list) : some(list, max)),
  }
}

const accounts = ['111122223333', '444455556666']
const actions = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:Sign',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
  'kms:CreateGrant',
  'kms:ReEncryptFrom',
  'kms:PutKeyPolicy',
  'kms:DisableKey',
]
const keyless = ['kms:ListKeys', 'kms:CreateKey', 'kms:GenerateRandom', 'kms:ListAliases']
const actionPatterns = [
  ...actions,
  ...keyless,
  'kms:*',
  'kms:*',
  '*',
  'kms:De*',
  'KMS:decrypt',
  'kms:?ign',
  'kms:ReEncrypt*',
  'kms:G*Key',
  's3:*',
]
const keyArns = accounts.map(
  (account) => `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
)
const resourcePatterns = [
  '*',
  '*',
  ...keyArns,
  'arn:aws:kms:*:111122223333:key/*',
  'arn:aws:kms:us-east-1:444455556666:*',
  'arn:aws:kms:us-east-1:*:key/1234*',
  'arn:aws:kms:eu-west-1:111122223333:key/*',
  'arn:aws:kms:us-east-1:111122223333:key/${aws:PrincipalTag/team}-*',
  'arn:aws:s3:::bucket',
]
const principals = accounts.flatMap((account) => [
  { arn: `arn:aws:iam::${account}:root`, account, kind: 'root' },
  { arn: `arn:aws:iam::${account}:user/alice`, account, kind: 'user' },
  { arn: `arn:aws:iam::${account}:user/path/bob`, account, kind: 'user' },
  { arn: `arn:aws:sts::${account}:assumed-role/Opener/one`, account, kind: 'assumed-role' },
  { arn: `arn:aws:sts::${account}:assumed-role/Sealer/two`, account, kind: 'assumed-role' },
])
const named = [
  ...principals.map(({ arn }) => arn),
  ...accounts.flatMap((account) => [
    account,
    `arn:aws:iam::${account}:role/Opener`,
    `arn:aws:iam::${account}:role/Sealer`,
    `arn:aws:iam::${account}:root`,
  ]),
]

const text = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
]
const numeric = [
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
]
/** Condition key, values of requests, values of policies, operators that suit. */
const conditionKeys = [
  [
    'kms:EncryptionAlgorithm',
    ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1', 'SYMMETRIC_DEFAULT'],
    ['RSAES_OAEP_SHA_256', 'RSAES_*', 'rsaes_oaep_sha_1', '*', 'RSAES_OAEP_SHA_?'],
    text,
  ],
  ['kms:CallerAccount', accounts, [...accounts, '1111*', '${aws:PrincipalAccount}'], text],
  [
    'kms:EncryptionContext:user',
    ['alice', 'bob', 'Alice'],
    ['alice', '${aws:username}', 'ali*', "${aws:PrincipalTag/team, 'bob'}", 'a${*}'],
    text,
  ],
  ['kms:RequestAlias', ['alias/prod', 'alias/test'], ['alias/prod', 'alias/*', 'alias/t?st'], text],
  ['kms:ScheduleKeyDeletionPendingWindowInDays', ['7', '30', '14'], ['7', '14', '30.0'], numeric],
  [
    'aws:CurrentTime',
    ['2026-01-15T10:00:00Z', '2026-06-30T23:59:59Z'],
    ['2026-01-15T10:00:00Z', '2026-03-01T00:00:00Z', '1780000000'],
    [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ],
  ],
  ['kms:MultiRegion', ['true', 'false'], ['true', 'false', true, false], ['Bool']],
  [
    'aws:SourceIp',
    ['127.0.0.1', '10.1.2.3', '2001:db8::1'],
    ['127.0.0.0/8', '10.1.2.3', '10.1.0.0/16', '2001:db8::/32', '0.0.0.0/0'],
    ['IpAddress', 'NotIpAddress'],
  ],
  [
    'aws:PrincipalArn',
    principals.map(({ arn }) => arn),
    [
      ...named.filter((arn) => arn.startsWith('arn')),
      'arn:aws:iam::*:user/*',
      'arn:aws:*::111122223333:*',
      'arn:aws:sts::??????????33:assumed-role/*/one',
    ],
    ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
  ],
  ['aws:PrincipalTag/team', ['payments', '1234abcd'], ['payments', 'pay*', 'other'], text],
]
const listKeys = [
  ['kms:EncryptionContextKeys', ['user', 'app', 'User'], ['user', 'app', 'u*'], text],
  ['kms:GrantOperations', ['Decrypt', 'Encrypt', 'Sign'], ['Decrypt', 'Encrypt', '*crypt'], text],
  ['aws:TagKeys', ['env', 'team'], ['env', 'Team', 't*'], text],
]

function condition(random) {
  const set = random.chance(0.25)
  const [key, , wanted, operators] = random.one(set ? listKeys : conditionKeys)
  if (random.chance(0.1)) return { Null: { [key]: random.one(['true', 'false']) } }
  const prefix = set ? random.one(['ForAllValues:', 'ForAnyValue:']) : ''
  return {
    [`${prefix}${random.one(operators)}${random.chance(0.2) ? 'IfExists' : ''}`]: {
      [random.chance(0.1) ? key.toLowerCase() : key]: random.oneOrList(wanted, 2),
    },
  }
}

function statement(random, isKeyPolicy, caller) {
  const not = random.chance(0.06) ? 'Not' : ''
  const who = random.chance(0.12)
    ? { Principal: random.chance(0.5) ? '*' : { AWS: '*' } }
    : {
        [`${random.chance(0.08) ? 'Not' : ''}Principal`]: {
          AWS: random.chance(0.65)
            ? random.one([
                caller.arn,
                caller.account,
                `arn:aws:iam::${caller.account}:root`,
                ...roleOf(caller),
              ])
            : random.oneOrList(named, 3),
        },
      }
  return {
    Effect: random.chance(0.16) ? 'Deny' : 'Allow',
    ...(isKeyPolicy ? who : {}),
    [`${not}Action`]: random.chance(0.6)
      ? random.one(['kms:*', '*', ...actionPatterns])
      : random.some(actionPatterns, 6),
    [`${random.chance(0.05) ? 'Not' : ''}Resource`]: random.chance(isKeyPolicy ? 0.85 : 0.6)
      ? '*'
      : random.oneOrList(resourcePatterns, 2),
    ...(random.chance(0.4)
      ? {
          Condition: Object.assign(
            {},
            ...Array.from({ length: random.chance(0.3) ? 2 : 1 }, () => condition(random)),
          ),
        }
      : {}),
  }
}

const policy = (random, isKeyPolicy, caller) => ({
  Version: random.chance(0.9) ? '2012-10-17' : '2008-10-17',
  Statement: Array.from({ length: random.one([1, 2, 2, 3]) }, () =>
    statement(random, isKeyPolicy, caller),
  ),
})

export function question(random) {
  const principal = random.one(principals)
  const hasKey = random.chance(0.85)
  const keyArn = random.chance(0.7)
    ? keyArns.find((arn) => arn.includes(principal.account))
    : random.one(keyArns)
  const conditions = {
    'aws:PrincipalAccount': principal.account,
    ...(principal.kind === 'user' ? { 'aws:username': principal.arn.split('/').at(-1) } : {}),
    ...Object.fromEntries(
      conditionKeys
        .filter(() => random.chance(0.6))
        .map(([key, values]) => [key, random.one(values)]),
    ),
    ...Object.fromEntries(
      listKeys
        .filter(() => random.chance(0.5))
        .map(([key, values]) => [key, random.some(values, 3)]),
    ),
  }
  return {
    action: random.one(hasKey ? actions : keyless),
    resource: hasKey ? keyArn : '*',
    account: hasKey ? keyArn.split(':')[4] : principal.account,
    principal,
    conditions,
    keyPolicy: hasKey ? policy(random, true, principal) : undefined,
    identity:
      principal.kind === 'root'
        ? []
        : Array.from({ length: random.one([0, 1, 2, 2]) }, () => policy(random, false, principal)),
  }
}
