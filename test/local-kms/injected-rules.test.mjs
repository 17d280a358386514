// Which calls a rule meets, how it is counted, and which rules are refused. What a strike does to a
// connection: injected-http.test.mjs.
import { test } from 'node:test'
import { assert } from 'chai'
import * as aws from '@aws-sdk/client-kms'
import { faultOperationOf } from 'sealdrop/dist/local-kms/injected/fault-operations.js'
import { InjectedFaults, namedKeys } from 'sealdrop/dist/local-kms/injected/injected-faults.js'
import { faultKinds } from 'sealdrop/dist/local-kms/injected/rules.js'
import { strikeAnswer } from 'sealdrop/dist/local-kms/injected/strike.js'
import { serviceOperations } from 'sealdrop/dist/local-kms/service-operations.js'
import { assertThrows } from './helpers.mjs'

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
  const modelled = Object.keys(aws)
    .filter((name) => /^[A-Z].*Command$/.test(name))
    .map((name) => name.replace(/Command$/, ''))
  assert.ok(modelled.length > 50)
  assert.deepEqual([...serviceOperations.keys()].sort(), modelled.sort())
})

/** Rule, call, whether they meet. */
const meetings = [
  [{ kind: 'reset' }, {}, true],
  [{ kind: 'reset', operation: 'Decrypt' }, {}, true],
  [{ kind: 'reset', operation: 'Sign' }, {}, false],
  [{ kind: 'reset', region: 'us-east-1' }, {}, true],
  [{ kind: 'reset', region: 'eu-west-1' }, {}, false],
  [
    { kind: 'region-down', region: 'eu-west-1' },
    { region: 'eu-west-1', keyIds: [], operation: 'ListKeys' },
    true,
  ],
  [{ kind: 'reset', key: arn }, {}, true],
  [{ kind: 'reset', key: arn }, { keyIds: [] }, false],
  [{ kind: 'reset', key: arn }, { keyIds: [id] }, true],
  [{ kind: 'reset', key: arn }, { keyIds: [id], region: 'eu-west-1' }, false],
  [{ kind: 'reset', key: id }, {}, true],
  [{ kind: 'reset', key: id }, { keyIds: [id.replace('1', '2')] }, false],
  [{ kind: 'reset', key: id }, { keyIds: ['alias/other', id] }, true],
  [{ kind: 'reset', key: arn }, { keyIds: [arn.replace('111122223333', '444455556666')] }, false],
  [
    { kind: 'reset', key: mrk },
    { keyIds: [`arn:aws:kms:eu-west-1:111122223333:key/${mrk}`], region: 'eu-west-1' },
    true,
  ],
  [
    { kind: 'reset', key: `arn:aws:kms:us-east-1:111122223333:key/${mrk}` },
    { keyIds: [`arn:aws:kms:eu-west-1:111122223333:key/${mrk}`], region: 'eu-west-1' },
    false,
  ],
  [{ kind: 'reset', key: 'alias/claims' }, { keyIds: ['alias/claims'] }, true],
  [{ kind: 'reset', key: 'alias/claims' }, { keyIds: [aliasArn] }, true],
  [{ kind: 'reset', key: aliasArn }, { keyIds: ['alias/claims'] }, true],
  [{ kind: 'reset', key: 'alias/claims' }, { keyIds: ['alias/claims/2'] }, false],
  [{ kind: 'reset', key: 'alias/claims' }, {}, false],
  [{ kind: 'wrong-length' }, {}, true],
  [{ kind: 'wrong-length' }, { operation: 'ListKeys' }, false],
  [{ kind: 'wrong-key-id' }, { operation: 'DescribeKey' }, true],
  [{ kind: 'wrong-key-id' }, { operation: 'GenerateRandom' }, false],
  [{ kind: 'wrong-key-id' }, { operation: 'toString' }, false],
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

/** Rule, and the whole message. */
const refused = [
  [undefined, 'fault.kind: expected an object with a kind, found undefined'],
  [[], 'fault.kind: expected an object with a kind, found Array'],
  [{}, `fault.kind: expected one of ${Object.keys(faultKinds).join(', ')}, found undefined`],
  [
    { kind: 'trottle' },
    `fault.kind: expected one of ${Object.keys(faultKinds).join(', ')}, found "trottle"`,
  ],
  [
    { kind: 'toString' },
    `fault.kind: expected one of ${Object.keys(faultKinds).join(', ')}, found "toString"`,
  ],
  [
    { kind: 'reset', colour: 1 },
    'fault.colour: there is no such member, expected kind, operation, key, region, count, latency, after',
  ],
  [
    { kind: 'reset', operation: 'decrypt' },
    'fault.operation: expected the name of an operation of KMS like Decrypt, found "decrypt"',
  ],
  [
    { kind: 'reset', key: 'claims' },
    'fault.key: expected a key id, a key ARN, an alias or an alias ARN, found "claims"',
  ],
  [
    { kind: 'reset', key: 'arn:aws:s3:::bucket' },
    'fault.key: expected a key id, a key ARN, an alias or an alias ARN, found "arn:aws:s3:::bucket"',
  ],
  [
    { kind: 'reset', region: 'mars' },
    'fault.region: expected the name of a Region like us-east-1, found "mars"',
  ],
  [
    { kind: 'reset', region: null },
    'fault.region: expected the name of a Region like us-east-1, found null',
  ],
  [
    { kind: 'reset', key: arn, region: 'eu-west-1' },
    'fault.key: an ARN of us-east-1 is never used in the region eu-west-1',
  ],
  [{ kind: 'reset', count: 0 }, 'fault.count: expected an integer from 1, found 0'],
  [{ kind: 'reset', count: '2' }, 'fault.count: expected an integer from 1, found "2"'],
  [{ kind: 'reset', count: 1.5 }, 'fault.count: expected an integer from 1, found 1.5'],
  [{ kind: 'reset', after: -1 }, 'fault.after: expected an integer from 0, found -1'],
  [{ kind: 'latency' }, 'fault.latency: expected with kind latency, found undefined'],
  [
    { kind: 'latency', latency: 3_600_001 },
    'fault.latency: expected milliseconds from 1 to 3600000, found 3600001',
  ],
  [
    { kind: 'latency', latency: NaN },
    'fault.latency: expected milliseconds from 1 to 3600000, found NaN',
  ],
  [{ kind: 'region-down' }, 'fault.region: expected with kind region-down, found undefined'],
  [
    { kind: 'region-down', region: 'us-east-1', operation: 'Sign' },
    'fault.operation: kind region-down takes none',
  ],
  [
    { kind: 'region-down', region: 'us-east-1', key: arn },
    'fault.key: kind region-down takes none',
  ],
  [
    { kind: 'wrong-length', operation: 'Verify' },
    'fault.operation: the answer of Verify has nothing that kind wrong-length could damage',
  ],
  [
    { kind: 'wrong-key-id', operation: 'ListKeys' },
    'fault.operation: the answer of ListKeys has nothing that kind wrong-key-id could damage',
  ],
]
for (const [rule, message] of refused) {
  test(`refused: ${JSON.stringify(rule)}`, () => {
    const faults = new InjectedFaults()
    assertThrows(() => faults.add(rule), {
      name: 'SealdropError',
      code: 'invalid_argument',
      message,
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

const struck = (kind) => ({ id: 'fault-1', rule: { kind } })
const bytes = (length) =>
  Buffer.from(Array.from({ length }, (_, index) => index)).toString('base64')
const other = arn.replace(/b$/, 'a')

/** Kind, operation, answer, damaged answer. */
const damages = [
  [
    'wrong-length',
    'Decrypt',
    { KeyId: arn, Plaintext: bytes(32) },
    { KeyId: arn, Plaintext: bytes(31) },
  ],
  ['wrong-length', 'Decrypt', { KeyId: arn, Plaintext: bytes(1) }, { KeyId: arn, Plaintext: '' }],
  ['wrong-length', 'DeriveSharedSecret', { SharedSecret: bytes(66) }, { SharedSecret: bytes(65) }],
  ['wrong-length', 'Sign', { Signature: bytes(256) }, { Signature: bytes(255) }],
  [
    'wrong-length',
    'GenerateDataKey',
    { Plaintext: bytes(32), CiphertextBlob: bytes(184) },
    { Plaintext: bytes(31), CiphertextBlob: bytes(184) },
  ],
  [
    'wrong-length',
    'GetPublicKey',
    { PublicKey: bytes(91), KeyId: arn },
    { PublicKey: bytes(90), KeyId: arn },
  ],
  [
    'wrong-key-id',
    'Decrypt',
    { KeyId: arn, Plaintext: bytes(32) },
    { KeyId: other, Plaintext: bytes(32) },
  ],
  ['wrong-key-id', 'GetKeyRotationStatus', { KeyId: mrk }, { KeyId: mrk.replace(/b$/, 'a') }],
  [
    'wrong-key-id',
    'DescribeKey',
    { KeyMetadata: { KeyId: id, Arn: arn, Enabled: true } },
    { KeyMetadata: { KeyId: id.replace(/b$/, 'a'), Arn: other, Enabled: true } },
  ],
  ['wrong-key-id', 'ListKeys', { Keys: [] }, { Keys: [] }],
  ['wrong-key-id', 'EnableKey', undefined, undefined],
  [
    'throttle',
    'Decrypt',
    { KeyId: arn, Plaintext: bytes(32) },
    { KeyId: arn, Plaintext: bytes(32) },
  ],
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

const send = (faults, name, body = {}) => faultOperationOf(`SealdropLocalKms.${name}`)(faults, body)

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
  assert.strictEqual(send(faults, 'ListFaults').Faults.length, 1)
  assert.strictEqual(send(faults, 'ClearFaults'), undefined)
  assert.deepEqual(send(faults, 'ListFaults'), { Faults: [] })
})

/** Operation, body, error, message. */
const wireRefused = [
  [
    'AddFault',
    {},
    'ValidationException',
    `Kind: expected one of ${Object.keys(faultKinds).join(', ')}, found undefined`,
  ],
  [
    'AddFault',
    { Kind: 'reset', Count: 0 },
    'ValidationException',
    'Count: expected an integer from 1, found 0',
  ],
  [
    'AddFault',
    { kind: 'reset' },
    'ValidationException',
    'kind: expected Kind, as members are written on the wire',
  ],
  [
    'AddFault',
    { Kind: 'reset', Colour: 1 },
    'ValidationException',
    'Colour: there is no such member, expected Kind, Operation, Key, Region, Count, Latency, After',
  ],
  ['RemoveFault', {}, 'ValidationException', 'FaultId: expected what AddFault answered'],
  ['RemoveFault', { FaultId: 'fault-1' }, 'NotFoundException', "Fault 'fault-1' does not exist"],
  [
    'RemoveFault',
    { FaultId: 'fault-1', All: true },
    'ValidationException',
    'All: there is no such member, expected FaultId',
  ],
  ['ListFaults', { Limit: 1 }, 'ValidationException', 'Limit: there is no such member'],
  [
    'ClearFaults',
    { FaultId: 'fault-1' },
    'ValidationException',
    'FaultId: there is no such member',
  ],
]
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
