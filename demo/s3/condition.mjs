// What a write may say about what is there already (Amazon S3 User Guide, "Conditional writes").
import { ensure } from './fault.mjs'

/**
 * What a write wants to be there: nothing, or the object with this ETag.
 *
 * @typedef {{ isFirst?: boolean, replaces?: string }} Condition
 */

/** @returns {Condition} */
export function conditionOf({ headers }) {
  const { 'if-none-match': none, 'if-match': wanted } = headers
  ensure(none === undefined || none === '*', 'NotImplemented')
  ensure(none === undefined || wanted === undefined, 'NotImplemented')
  ensure(wanted === undefined || /^"[^"]+"$/.test(wanted), 'NotImplemented')
  return { isFirst: none === '*', ...(wanted && { replaces: wanted.slice(1, -1) }) }
}

/**
 * Refuses a write where something else is there.
 *
 * @param {{ etag: string } | undefined} before
 * @param {Condition} condition
 */
export function checkCondition(before, { isFirst = false, replaces }) {
  ensure(!isFirst || !before, 'PreconditionFailed')
  ensure(replaces === undefined || before, 'NoSuchKey')
  ensure(replaces === undefined || before?.etag === replaces, 'PreconditionFailed')
}
