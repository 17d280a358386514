import type { JsonObject } from '../../formats/json.js'
import type { Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'
import { keyId, limit, marker, tagList } from '../wire/members.js'
import { page } from '../wire/pages.js'
import { validate } from '../wire/validate.js'
import { changing, operation, type Operation } from './operation.js'
import { findKeyItself, notPendingDeletion } from './resolve.js'

const tagsPerKey = 50
const tagMembers = {
  TagKey: { type: 'string', required: true, min: 1, max: 128 },
  TagValue: { type: 'string', required: true, max: 256 },
} as const

export const tagOperations: Readonly<Record<string, Operation>> = {
  TagResource: changing(
    { KeyId: keyId, Tags: { ...tagList, required: true } },
    async (call, { KeyId, Tags }) => {
      const added = tagsFrom(Tags)
      const key = notPendingDeletion(call, findKeyItself(call, KeyId))
      const tags = { ...key.tags, ...added }
      if (Object.keys(tags).length > tagsPerKey)
        throw new KmsFault(
          'LimitExceededException',
          `${call.ring.keyArn(key)} would have more than ${tagsPerKey} tags, which is the most a key can have`,
        )
      await call.ring.saveKey({ ...key, tags })
      return undefined
    },
  ),

  /** Removes tags. One that is not there is no error. */
  UntagResource: changing(
    { KeyId: keyId, TagKeys: { type: 'strings', required: true, each: { min: 1, max: 128 } } },
    async (call, { KeyId, TagKeys }) => {
      const key = notPendingDeletion(call, findKeyItself(call, KeyId))
      const tags = Object.fromEntries(
        Object.entries(key.tags).filter(([name]) => !TagKeys.includes(name)),
      )
      await call.ring.saveKey({ ...key, tags })
      return undefined
    },
  ),

  ListResourceTags: operation(
    { KeyId: keyId, Limit: limit(50), Marker: marker },
    (call, { KeyId, Limit = 50, Marker }) => {
      const { tags } = findKeyItself(call, KeyId)
      return page(rowsOf(tags), { list: 'Tags', limit: Limit, marker: Marker })
    },
  ),
}

const rowsOf = (tags: Key['tags']): readonly (readonly [name: string, tag: JsonObject])[] =>
  Object.entries(tags).map(([TagKey, TagValue]) => [TagKey, { TagKey, TagValue }])

/** Tags as ReplicateKey answers them. */
export const tagsAnswer = (tags: Key['tags']): readonly JsonObject[] =>
  rowsOf(tags).map(([, tag]) => tag)

/**
 * The tags of a request.
 *
 * @throws KmsFault TagException, ValidationException
 */
export function tagsFrom(list: readonly JsonObject[] = []): Key['tags'] {
  const entries = list.map((tag, index): [string, string] => {
    const { TagKey, TagValue } = validate(tagMembers, tag, `tags.${index + 1}.member.`)
    if (/^aws:/i.test(TagKey))
      throw new KmsFault('TagException', 'Tags beginning with aws: are reserved')
    return [TagKey, TagValue]
  })
  if (new Set(entries.map(([name]) => name)).size < entries.length)
    throw new KmsFault('TagException', 'Duplicate tag keys')
  if (entries.length > tagsPerKey) throw new KmsFault('TagException', 'Too many tags')
  return Object.fromEntries(entries)
}
