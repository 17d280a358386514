// Which calls a rule meets, how it is counted, and which rules are refused. What a strike does to a
// connection: injected-http.test.mjs.
import { test } from 'node:test'
import { assert } from 'chai'
import * as aws from '@aws-sdk/client-kms'
import { faultOperationOf } from '#dist/local-kms/injected/fault-operations.js'
import { InjectedFaults, namedKeys } from '#dist/local-kms/injected/injected-faults.js'
import { faultKinds } from '#dist/local-kms/injected/rules.js'
import { strikeAnswer } from '#dist/local-kms/injected/strike.js'
import { serviceOperations } from '#dist/local-kms/service-operations.js'
import { assertThrows, row, there } from './helpers.mjs'
import { refusedAs } from './messages.mjs'

/** @import { FaultKind } from 'sealdrop/local-kms' */
/** @typedef {import('#dist/formats/json.js').JsonObject} JsonObject */

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const arn = `arn:aws:kms:us-east-1:111122223333:key/${id}`
const mrk = 'mrk-1234abcd12ab34cd56ef1234567890ab'
const aliasArn = 'arn:aws:kms:us-east-1:111122223333:alias/claims'
const call = (more = {}) => ({ operation: 'Decrypt', region: 'us-east-1', keyIds: [arn], ...more })
const met = (rule, ...calls) => {
  const faults = new InjectedFaults([rule])
  return calls.map((one) => faults.match(call(one)) !== undefined)
}

test('the rows are the operations of the model that the AWS client has', () => {
  const modelled = Object.keys(aws).flatMap((name) => /^([A-Z].*)Command$/.exec(name)?.[1] ?? [])
  assert.ok(modelled.length > 50)
  assert.sameMembers([...serviceOperations.keys()], modelled)
})

const reset = (more) => ({ kind: 'reset', ...more })
const west = 'eu-west-1'
const mrkIn = (region) => `arn:aws:kms:${region}:111122223333:key/${mrk}`
const otherAccount = arn.replace('111122223333', '444455556666')

/** Rule, call, whether they meet. */
const meetings = [
  row(reset(), {}, true),
  row(reset({ operation: 'Decrypt' }), {}, true),
  row(reset({ operation: 'Sign' }), {}, false),
  row(reset({ region: 'us-east-1' }), {}, true),
  row(reset({ region: west }), {}, false),
  row(
    { kind: 'region-down', region: west },
    { region: west, keyIds: [], operation: 'ListKeys' },
    true,
  ),
  row(reset({ key: arn }), {}, true),
  row(reset({ key: arn }), { keyIds: [] }, false),
  row(reset({ key: arn }), { keyIds: [id] }, true),
  row(reset({ key: arn }), { keyIds: [id], region: west }, false),
  row(reset({ key: id }), {}, true),
  row(reset({ key: id }), { keyIds: [id.replace('1', '2')] }, false),
  row(reset({ key: id }), { keyIds: ['alias/other', id] }, true),
  row(reset({ key: arn }), { keyIds: [otherAccount] }, false),
  row(reset({ key: mrk }), { keyIds: [mrkIn(west)], region: west }, true),
  row(reset({ key: mrkIn('us-east-1') }), { keyIds: [mrkIn(west)], region: west }, false),
  row(reset({ key: 'alias/claims' }), { keyIds: ['alias/claims'] }, true),
  row(reset({ key: 'alias/claims' }), { keyIds: [aliasArn] }, true),
  row(reset({ key: aliasArn }), { keyIds: ['alias/claims'] }, true),
  row(reset({ key: 'alias/claims' }), { keyIds: ['alias/claims/2'] }, false),
  row(reset({ key: 'alias/claims' }), {}, false),
  row({ kind: 'wrong-length' }, {}, true),
  row({ kind: 'wrong-length' }, { operation: 'ListKeys' }, false),
  row({ kind: 'wrong-key-id' }, { operation: 'DescribeKey' }, true),
  row({ kind: 'wrong-key-id' }, { operation: 'GenerateRandom' }, false),
  row({ kind: 'wrong-key-id' }, { operation: 'toString' }, false),
]
for (const [rule, one, expected] of meetings) {
  test(`${JSON.stringify(rule)} ${expected ? 'meets' : 'does not meet'} ${JSON.stringify(one)}`, () =>
    assert.deepEqual(met(rule, one), [expected]))
}

test('a request names its keys by every member that can', () => {
  assert.deepEqual(
    namedKeys({
      KeyId: 'a',
      Plaintext: 'eA==',
      TargetKeyId: 'b',
      SourceKeyId: 'c',
      DestinationKeyId: 'd',
      AliasName: 'alias/e',
    }),
    ['a', 'b', 'c', 'd', 'alias/e'],
  )
  assert.deepEqual(namedKeys({ KeyId: 7, AliasName: ['alias/x'] }), [])
})

test('count and after: so many calls pass, then so many are struck, then all pass', () => {
  assert.deepEqual(met({ kind: 'throttle', count: 2, after: 1 }, {}, {}, {}, {}), [
    false,
    true,
    true,
    false,
  ])
  assert.deepEqual(
    met(
      { kind: 'throttle', count: 1, after: 1, operation: 'Sign' },
      {},
      { operation: 'Sign' },
      {},
      { operation: 'Sign' },
    ),
    [false, false, false, true],
    'other calls do not count',
  )
  assert.deepEqual(met({ kind: 'throttle' }, ...Array(50).fill({})), Array(50).fill(true))
})

test('a call meets one rule, the one added first; the next one takes over when that is used up, waiting or removed', () => {
  const faults = new InjectedFaults([
    { kind: 'throttle', count: 1 },
    { kind: 'internal', after: 1 },
    { kind: 'reset' },
  ])
  const kinds = () => faults.match(call())?.rule.kind
  assert.deepEqual(
    [kinds(), kinds(), kinds(), kinds()],
    ['throttle', 'reset', 'internal', 'internal'],
  )
  assert.deepEqual(faults.list(), [
    { id: 'fault-1', rule: { kind: 'throttle', count: 1 }, struck: 1 },
    { id: 'fault-2', rule: { kind: 'internal', after: 1 }, struck: 2 },
    { id: 'fault-3', rule: { kind: 'reset' }, struck: 1 },
  ])
  assert.deepEqual(
    [faults.remove('fault-2'), faults.remove('fault-2'), kinds()],
    [true, false, 'reset'],
  )
  assert.strictEqual(faults.add({ kind: 'timeout' }), 'fault-4')
  faults.clear()
  assert.deepEqual([faults.list(), kinds()], [[], undefined])
  assert.strictEqual(faults.add({ kind: 'timeout' }), 'fault-5', 'an id is never used again')
})

const kinds = Object.keys(faultKinds).join(', ')
const members = 'kind, operation, key, region, count, latency, after'
const keyForms = 'expected a key id, a key ARN, an alias or an alias ARN'
const times = 'expected milliseconds from 1 to 3600000'
const down = { kind: 'region-down', region: 'us-east-1' }
const nothing = (operation, kind) =>
  `the answer of ${operation} has nothing that kind ${kind} could damage`

/** Rule, the member that is wrong, and what is wrong with it. */
const refused = [
  row(undefined, 'kind', 'expected an object with a kind, found undefined'),
  row([], 'kind', 'expected an object with a kind, found Array'),
  row({}, 'kind', `expected one of ${kinds}, found undefined`),
  row({ kind: 'trottle' }, 'kind', `expected one of ${kinds}, found "trottle"`),
  row({ kind: 'toString' }, 'kind', `expected one of ${kinds}, found "toString"`),
  row(reset({ colour: 1 }), 'colour', `there is no such member, expected ${members}`),
  row(
    reset({ operation: 'decrypt' }),
    'operation',
    'expected the name of an operation of KMS like Decrypt, found "decrypt"',
  ),
  row(reset({ key: 'claims' }), 'key', `${keyForms}, found "claims"`),
  row(reset({ key: 'arn:aws:s3:::bucket' }), 'key', `${keyForms}, found "arn:aws:s3:::bucket"`),
  row(
    reset({ region: 'mars' }),
    'region',
    'expected the name of a Region like us-east-1, found "mars"',
  ),
  row(
    reset({ region: null }),
    'region',
    'expected the name of a Region like us-east-1, found null',
  ),
  row(
    reset({ key: arn, region: west }),
    'key',
    'an ARN of us-east-1 is never used in the region eu-west-1',
  ),
  row(reset({ count: 0 }), 'count', 'expected an integer from 1, found 0'),
  row(reset({ count: '2' }), 'count', 'expected an integer from 1, found "2"'),
  row(reset({ count: 1.5 }), 'count', 'expected an integer from 1, found 1.5'),
  row(reset({ after: -1 }), 'after', 'expected an integer from 0, found -1'),
  row({ kind: 'latency' }, 'latency', 'expected with kind latency, found undefined'),
  row({ kind: 'latency', latency: 3_600_001 }, 'latency', `${times}, found 3600001`),
  row({ kind: 'latency', latency: NaN }, 'latency', `${times}, found NaN`),
  row({ kind: 'region-down' }, 'region', 'expected with kind region-down, found undefined'),
  row({ ...down, operation: 'Sign' }, 'operation', 'kind region-down takes none'),
  row({ ...down, key: arn }, 'key', 'kind region-down takes none'),
  row(
    { kind: 'wrong-length', operation: 'Verify' },
    'operation',
    nothing('Verify', 'wrong-length'),
  ),
  row(
    { kind: 'wrong-key-id', operation: 'ListKeys' },
    'operation',
    nothing('ListKeys', 'wrong-key-id'),
  ),
]
for (const [rule, member, message] of refused) {
  test(`refused: ${JSON.stringify(rule)}`, () => {
    const faults = new InjectedFaults()
    assertThrows(() => faults.add(rule), {
      name: 'SealdropError',
      code: 'invalid_argument',
      message: `fault.${member}: ${message}`,
    })
    assert.deepEqual(faults.list(), [])
  })
}

test('of several rules, the message names the one that is wrong', () => {
  assertThrows(() => new InjectedFaults([{ kind: 'reset' }, { kind: 'reset', count: 0 }]), {
    message: 'faults[1].count: expected an integer from 1, found 0',
  })
})

test('a rule is kept as it was added, whatever becomes of the object', () => {
  const rule = { kind: 'throttle', operation: 'Sign', count: undefined }
  const faults = new InjectedFaults([rule])
  rule.operation = 'Decrypt'
  assert.deepEqual(faults.list()[0].rule, { kind: 'throttle', operation: 'Sign' })
})

// On answers

/** @param {FaultKind} kind */
const struck = (kind) => ({ id: 'fault-1', rule: { kind } })
const bytes = (length) =>
  Buffer.from(Array.from({ length }, (_, index) => index)).toString('base64')
const other = arn.replace(/b$/, 'a')

const described = (KeyId, Arn) => ({ KeyMetadata: { KeyId, Arn, Enabled: true } })
const opened = (KeyId, length) => ({ KeyId, Plaintext: bytes(length) })
const dataKey = (length) => ({ Plaintext: bytes(length), CiphertextBlob: bytes(184) })
const publicKey = (length) => ({ PublicKey: bytes(length), KeyId: arn })
const otherId = id.replace(/b$/, 'a')

/**
 * Kind, operation, answer, damaged answer.
 *
 * @type {[FaultKind, string, JsonObject | undefined, JsonObject | undefined][]}
 */
const damages = [
  ['wrong-length', 'Decrypt', opened(arn, 32), opened(arn, 31)],
  ['wrong-length', 'Decrypt', opened(arn, 1), { KeyId: arn, Plaintext: '' }],
  ['wrong-length', 'DeriveSharedSecret', { SharedSecret: bytes(66) }, { SharedSecret: bytes(65) }],
  ['wrong-length', 'Sign', { Signature: bytes(256) }, { Signature: bytes(255) }],
  ['wrong-length', 'GenerateDataKey', dataKey(32), dataKey(31)],
  ['wrong-length', 'GetPublicKey', publicKey(91), publicKey(90)],
  ['wrong-key-id', 'Decrypt', opened(arn, 32), opened(other, 32)],
  ['wrong-key-id', 'GetKeyRotationStatus', { KeyId: mrk }, { KeyId: mrk.replace(/b$/, 'a') }],
  ['wrong-key-id', 'DescribeKey', described(id, arn), described(otherId, other)],
  ['wrong-key-id', 'ListKeys', { Keys: [] }, { Keys: [] }],
  ['wrong-key-id', 'EnableKey', undefined, undefined],
  ['throttle', 'Decrypt', opened(arn, 32), opened(arn, 32)],
]
for (const [kind, operation, answer, expected] of damages) {
  test(`${kind} on the answer of ${operation}: ${JSON.stringify(Object.keys(answer ?? {}))}`, () => {
    const before = structuredClone(answer)
    assert.deepEqual(strikeAnswer(struck(kind), operation, answer), expected)
    assert.deepEqual(
      answer,
      before,
      'the answer itself is not touched: it may be a record of the server',
    )
    assert.strictEqual(strikeAnswer(undefined, operation, answer), answer)
  })
}

// Over the wire

const send = (faults, name, body = {}) =>
  there(faultOperationOf(`SealdropLocalKms.${name}`))(faults, body)

test('over the wire: faults are added, listed with their strikes, removed and cleared', () => {
  const faults = new InjectedFaults()
  assert.deepEqual(
    send(faults, 'AddFault', {
      Kind: 'throttle',
      Operation: 'Decrypt',
      Key: 'alias/claims',
      Region: 'us-east-1',
      Count: 2,
      After: 0,
      Latency: 10,
    }),
    { FaultId: 'fault-1' },
  )
  assert.deepEqual(send(faults, 'AddFault', { Kind: 'reset', Count: null }), { FaultId: 'fault-2' })
  faults.match(call({ keyIds: ['alias/claims'] }))
  assert.deepEqual(send(faults, 'ListFaults'), {
    Faults: [
      {
        FaultId: 'fault-1',
        Kind: 'throttle',
        Operation: 'Decrypt',
        Key: 'alias/claims',
        Region: 'us-east-1',
        Count: 2,
        After: 0,
        Latency: 10,
        Struck: 1,
      },
      { FaultId: 'fault-2', Kind: 'reset', Struck: 0 },
    ],
  })
  assert.strictEqual(send(faults, 'RemoveFault', { FaultId: 'fault-1' }), undefined)
  assert.lengthOf(there(send(faults, 'ListFaults')).Faults, 1)
  assert.strictEqual(send(faults, 'ClearFaults'), undefined)
  assert.deepEqual(send(faults, 'ListFaults'), { Faults: [] })
})

const wireMembers = 'Kind, Operation, Key, Region, Count, Latency, After'

/** Operation, body, error, message. */
const wireRefused = refusedAs('ValidationException', [
  ['AddFault', {}, `Kind: expected one of ${kinds}, found undefined`],
  ['AddFault', { Kind: 'reset', Count: 0 }, 'Count: expected an integer from 1, found 0'],
  ['AddFault', { kind: 'reset' }, 'kind: expected Kind, as members are written on the wire'],
  [
    'AddFault',
    { Kind: 'reset', Colour: 1 },
    `Colour: there is no such member, expected ${wireMembers}`,
  ],
  ['RemoveFault', {}, 'FaultId: expected what AddFault answered'],
  [
    'RemoveFault',
    { FaultId: 'fault-1', All: true },
    'All: there is no such member, expected FaultId',
  ],
  ['ListFaults', { Limit: 1 }, 'Limit: there is no such member'],
  ['ClearFaults', { FaultId: 'fault-1' }, 'FaultId: there is no such member'],
]).concat([
  ['RemoveFault', { FaultId: 'fault-1' }, 'NotFoundException', "Fault 'fault-1' does not exist"],
])
for (const [name, body, error, message] of wireRefused) {
  test(`over the wire: ${name} refuses ${JSON.stringify(body)}`, () => {
    assertThrows(() => send(new InjectedFaults(), name, body), {
      name: error,
      text: message,
      status: 400,
    })
  })
}

test('other targets are not taken for operations on faults; a wrong name behind the prefix is an unknown operation', () => {
  for (const target of [
    undefined,
    '',
    'TrentService.Decrypt',
    'AddFault',
    'sealdroplocalkms.AddFault',
  ])
    assert.strictEqual(faultOperationOf(target), undefined)
  for (const name of ['', 'addFault', 'toString', 'AddFault.'])
    assertThrows(() => faultOperationOf(`SealdropLocalKms.${name}`), {
      name: 'UnknownOperationException',
    })
})
