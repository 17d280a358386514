import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  acrossRestarts,
  assertFaults,
  assertRejects,
  clientOf,
  pages,
  raw,
  row,
} from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

const p256 = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const make = async (more = {}) => (await kms('CreateKey', { ...p256, ...more })).KeyMetadata.Arn
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
  assert.notProperty((await kms('DescribeKey', { KeyId })).KeyMetadata, 'Tags')
})

test('names that are members of every object are tags like any other, also after a restart', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'Ärger 1/2+3=@_.:-']
  const Tags = names.map((name) => tag(name, name))
  const byName = (tags) => [...tags].sort((a, b) => (a.TagKey < b.TagKey ? -1 : 1))
  await acrossRestarts(
    {},
    async (one) => {
      const { KeyId } = (await clientOf(one)('CreateKey', { ...p256, Tags })).KeyMetadata
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
  const found = await pages(kms, 'ListResourceTags', { KeyId, Limit: 7 })
  for (const { Tags } of found) assert.ok(Tags.length <= 7)
  assert.deepEqual(
    found.flatMap(({ Tags }) => Tags),
    many(50),
  )
})

test('tags that are not right are refused with the words of the service, and change nothing', async () => {
  const KeyId = await make({ Tags: [tag('a', '1')] })
  const off = await make()
  await kms('ScheduleKeyDeletion', { KeyId: off })
  const reserved = 'Tags beginning with aws: are reserved'
  const [long, longer] = ['k'.repeat(129), 'v'.repeat(257)]
  const keyName = 'tags.1.member.tagKey'
  /** Tags of an existing key, and of one that is made. */
  const both = (Tags, message) => [
    row('TagResource', { KeyId, Tags }, message),
    row('CreateKey', { ...p256, Tags }, message),
  ]
  const keys = (await kms('ListKeys')).Keys.length
  await assertFaults(local, [
    ...refusedAs('TagException', [
      ...both([tag('aws:x', '')], reserved),
      ...both([tag('AWS:x', '')], reserved),
      ...both([tag('b'), tag('c'), tag('b', '2')], 'Duplicate tag keys'),
      ...both(many(51), 'Too many tags'),
    ]),
    ...refusedAs('SerializationException', [
      ...both([{ TagKey: 1, TagValue: '' }], 'TagKey can not be converted to a String'),
      ...both(['x'], 'Tags can not be converted to a list of Structures'),
    ]),
    ...refusedAs('ValidationException', [
      ...both([tag(long)], say.must(keyName, long, 'have length less than or equal to 128')),
      ...both([tag('')], say.must(keyName, '', 'have length greater than or equal to 1')),
      ...both(
        [tag('x'), tag('y', longer)],
        say.must('tags.2.member.tagValue', longer, 'have length less than or equal to 256'),
      ),
      ...both([{ TagKey: 'x' }], say.isNull('tags.1.member.tagValue')),
      ['TagResource', { KeyId }, say.isNull('tags')],
      [
        'UntagResource',
        { KeyId, TagKeys: ['a', ''] },
        say.must(
          'tagKeys',
          '[a, ]',
          'satisfy constraint: [Member must have length greater than or equal to 1, ' +
            'Member must have length less than or equal to 128]',
        ),
      ],
      [
        'ListResourceTags',
        { KeyId, Limit: 51 },
        say.must('limit', 51, 'have value less than or equal to 50'),
      ],
    ]),
    ...refusedAs('LimitExceededException', [
      [
        'TagResource',
        { KeyId, Tags: many(50) },
        `${KeyId} would have more than 50 tags, which is the most a key can have`,
      ],
    ]),
    ...refusedAs('KMSInvalidStateException', [
      ['TagResource', { KeyId: off, Tags: [tag('a')] }, say.pendingDeletion(off)],
      ['UntagResource', { KeyId: off, TagKeys: ['a'] }, say.pendingDeletion(off)],
      ['UpdateKeyDescription', { KeyId: off, Description: 'x' }, say.pendingDeletion(off)],
    ]),
    ...refusedAs('InvalidArnException', [
      ['TagResource', { KeyId: 'alias/x', Tags: [tag('a')] }, say.noAliases],
    ]),
    ...refusedAs('InvalidMarkerException', [
      ['ListResourceTags', { KeyId, Marker: 'x' }, 'The marker is not valid.'],
    ]),
  ])
  assert.deepEqual(await tagsOf(KeyId), [tag('a', '1')])
  assert.deepEqual(await tagsOf(off), [])
  assert.strictEqual((await kms('ListKeys')).Keys.length, keys)
})

test('tags that are added at once are all there, and never more than 50', async () => {
  const KeyId = await make()
  const statuses = await Promise.all(
    many(60).map(async (one) => {
      const body = { KeyId, Tags: [one] }
      return (await raw(local, { operation: 'TagResource', body })).status
    }),
  )
  assert.strictEqual(statuses.filter((status) => status === 200).length, 50)
  assert.strictEqual((await tagsOf(KeyId)).length, 50)
})

test('a description is changed, to nothing too, up to 8192 characters', async () => {
  const KeyId = await make({ Description: 'first' })
  for (const Description of ['second é', 'x'.repeat(8192), '']) {
    await kms('UpdateKeyDescription', { KeyId, Description })
    assert.strictEqual((await kms('DescribeKey', { KeyId })).KeyMetadata.Description, Description)
  }
  await assertRejects(kms('UpdateKeyDescription', { KeyId, Description: 'x'.repeat(8193) }), {
    name: 'ValidationException',
  })
  await assertRejects(kms('UpdateKeyDescription', { KeyId }), {
    name: 'ValidationException',
  })
})

test('operations on tags and descriptions answer with an empty body', async () => {
  const KeyId = await make()
  for (const [operation, body] of [
    row('TagResource', { Tags: [tag('a')] }),
    row('UntagResource', { TagKeys: ['a'] }),
    row('UpdateKeyDescription', { Description: 'x' }),
  ]) {
    const { status, text } = await raw(local, { operation, body: { KeyId, ...body } })
    assert.deepEqual([status, text], [200, ''], operation)
  }
})
