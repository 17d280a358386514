import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, assertFaults, clientOf, failure, raw } from './helpers.mjs'

let local, kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

const make = async (more = {}) =>
  (await kms('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', ...more }))
    .KeyMetadata.Arn
const tag = (TagKey, TagValue = '') => ({ TagKey, TagValue })
const many = (count, from = 0) =>
  Array.from({ length: count }, (_, i) =>
    tag(`tag-${String(from + i).padStart(3, '0')}`, String(i)),
  )
const tagsOf = async (KeyId, client = kms) => (await client('ListResourceTags', { KeyId })).Tags

test('tags of CreateKey, of TagResource and of UntagResource are listed, and a tag that is there is replaced', async () => {
  const KeyId = await make({ Tags: [tag('a', '1'), tag('b', '2')] })
  assert.deepEqual(await tagsOf(KeyId), [tag('a', '1'), tag('b', '2')])
  await kms('TagResource', { KeyId, Tags: [tag('b', 'two'), tag('c')] })
  assert.deepEqual(await tagsOf(KeyId), [tag('a', '1'), tag('b', 'two'), tag('c')])
  await kms('UntagResource', { KeyId, TagKeys: ['a', 'not there'] })
  assert.deepEqual(await tagsOf(KeyId), [tag('b', 'two'), tag('c')])
  await kms('UntagResource', { KeyId, TagKeys: ['b', 'c'] })
  assert.deepEqual(await tagsOf(KeyId), [])
  assert.strictEqual((await kms('DescribeKey', { KeyId })).KeyMetadata.Tags, undefined)
})

test('names that are members of every object are tags like any other, also after a restart', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'Ärger 1/2+3=@_.:-']
  const Tags = names.map((name) => tag(name, name))
  const byName = (tags) => [...tags].sort((a, b) => (a.TagKey < b.TagKey ? -1 : 1))
  await acrossRestarts(
    {},
    async (one) => {
      const { KeyId } = (
        await clientOf(one)('CreateKey', {
          KeySpec: 'ECC_NIST_P256',
          KeyUsage: 'SIGN_VERIFY',
          Tags,
        })
      ).KeyMetadata
      await clientOf(one)('TagResource', { KeyId, Tags: [tag('more', 'x')] })
      return KeyId
    },
    async (two, KeyId) => {
      assert.deepEqual(await tagsOf(KeyId, clientOf(two)), byName([...Tags, tag('more', 'x')]))
      await clientOf(two)('UntagResource', { KeyId, TagKeys: ['__proto__', 'more'] })
      assert.deepEqual(await tagsOf(KeyId, clientOf(two)), byName(Tags.slice(1)))
    },
  )
})

test('pages of tags hold every tag once', async () => {
  const KeyId = await make({ Tags: many(50) })
  const found = []
  let Marker
  do {
    const { Tags, Truncated, NextMarker } = await kms('ListResourceTags', {
      KeyId,
      Limit: 7,
      Marker,
    })
    assert.ok(Tags.length <= 7)
    assert.strictEqual(Truncated, NextMarker !== undefined)
    found.push(...Tags)
    Marker = NextMarker
  } while (Marker)
  assert.deepEqual(found, many(50))
})

test('tags that are not right are refused with the words of the service, and change nothing', async () => {
  const KeyId = await make({ Tags: [tag('a', '1')] })
  const off = await make()
  await kms('ScheduleKeyDeletion', { KeyId: off })
  const reserved = ['TagException', 'Tags beginning with aws: are reserved']
  const one = (value, name, rule) => [
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must ${rule}`,
  ]
  const [long, longer] = ['k'.repeat(129), 'v'.repeat(257)]
  const lists = [
    [[tag('aws:x', '')], ...reserved],
    [[tag('AWS:x', '')], ...reserved],
    [[tag('b'), tag('c'), tag('b', '2')], 'TagException', 'Duplicate tag keys'],
    [many(51), 'TagException', 'Too many tags'],
    [[tag(long)], ...one(long, 'tags.1.member.tagKey', 'have length less than or equal to 128')],
    [[tag('')], ...one('', 'tags.1.member.tagKey', 'have length greater than or equal to 1')],
    [
      [tag('x'), tag('y', longer)],
      ...one(longer, 'tags.2.member.tagValue', 'have length less than or equal to 256'),
    ],
    [
      [{ TagKey: 'x' }],
      'ValidationException',
      "1 validation error detected: Value null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null",
    ],
    [
      [{ TagKey: 1, TagValue: '' }],
      'SerializationException',
      'TagKey can not be converted to a String',
    ],
    [['x'], 'SerializationException', 'Tags can not be converted to a list of Structures'],
  ]
  const keys = (await kms('ListKeys')).Keys.length
  await assertFaults(local, [
    ...lists.flatMap(([Tags, ...fault]) => [
      ['TagResource', { KeyId, Tags }, ...fault],
      ['CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Tags }, ...fault],
    ]),
    [
      'TagResource',
      { KeyId, Tags: many(50) },
      'LimitExceededException',
      `${KeyId} would have more than 50 tags, which is the most a key can have`,
    ],
    [
      'TagResource',
      { KeyId },
      'ValidationException',
      "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null",
    ],
    [
      'UntagResource',
      { KeyId, TagKeys: ['a', ''] },
      'ValidationException',
      "1 validation error detected: Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length greater than or equal to 1, Member must have length less than or equal to 128]",
    ],
    [
      'TagResource',
      { KeyId: off, Tags: [tag('a')] },
      'KMSInvalidStateException',
      `${off} is pending deletion.`,
    ],
    [
      'UntagResource',
      { KeyId: off, TagKeys: ['a'] },
      'KMSInvalidStateException',
      `${off} is pending deletion.`,
    ],
    [
      'UpdateKeyDescription',
      { KeyId: off, Description: 'x' },
      'KMSInvalidStateException',
      `${off} is pending deletion.`,
    ],
    [
      'TagResource',
      { KeyId: 'alias/x', Tags: [tag('a')] },
      'InvalidArnException',
      'Key Aliases are not supported for this operation.',
    ],
    [
      'ListResourceTags',
      { KeyId, Limit: 51 },
      'ValidationException',
      "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50",
    ],
    [
      'ListResourceTags',
      { KeyId, Marker: 'x' },
      'InvalidMarkerException',
      'The marker is not valid.',
    ],
  ])
  assert.deepEqual(await tagsOf(KeyId), [tag('a', '1')])
  assert.deepEqual(await tagsOf(off), [])
  assert.strictEqual((await kms('ListKeys')).Keys.length, keys)
})

test('tags that are added at once are all there, and never more than 50', async () => {
  const KeyId = await make()
  const outcomes = await Promise.allSettled(
    many(60).map(async (one) => {
      const { status } = await raw(local, {
        operation: 'TagResource',
        body: { KeyId, Tags: [one] },
      })
      assert.strictEqual(status, 200)
    }),
  )
  assert.strictEqual(outcomes.filter(({ status }) => status === 'fulfilled').length, 50)
  assert.strictEqual((await tagsOf(KeyId)).length, 50)
})

test('a description is changed, to nothing too, up to 8192 characters', async () => {
  const KeyId = await make({ Description: 'first' })
  for (const Description of ['second é', 'x'.repeat(8192), '']) {
    await kms('UpdateKeyDescription', { KeyId, Description })
    assert.strictEqual((await kms('DescribeKey', { KeyId })).KeyMetadata.Description, Description)
  }
  assert.strictEqual(
    (await failure(kms('UpdateKeyDescription', { KeyId, Description: 'x'.repeat(8193) }))).name,
    'ValidationException',
  )
  assert.strictEqual(
    (await failure(kms('UpdateKeyDescription', { KeyId }))).name,
    'ValidationException',
  )
})

test('operations on tags and descriptions answer with an empty body', async () => {
  const KeyId = await make()
  for (const [operation, body] of [
    ['TagResource', { Tags: [tag('a')] }],
    ['UntagResource', { TagKeys: ['a'] }],
    ['UpdateKeyDescription', { Description: 'x' }],
  ]) {
    const { status, text } = await raw(local, { operation, body: { KeyId, ...body } })
    assert.deepEqual([status, text], [200, ''], operation)
  }
})
