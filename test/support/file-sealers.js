// File sealers, each with the message whose pieces it must give.
import { keySetOf, publicJwk } from './host.js'
import { arnOf } from './seal-with-jose.js'
import { freed, memoryRecords, mutableSource, pattern, writeMessage } from './sealed-files.js'

export const sealingKeys = ({ importKeySet, inHand }, ...names) =>
  importKeySet(keySetOf(...names.map((name) => publicJwk(name, { kms_arn: arnOf(name) }))), {
    trust: inHand(),
  })

/**
 * A sealer, and the message whose pieces it must give. Another writer makes that message from the
 * key in the record.
 *
 * @param {import('./host.js').Host['door']} door
 */
export async function sealerOf(door, content, o = {}) {
  const {
    keys = sealingKeys(door, 'P-256-enc'),
    source = mutableSource(content),
    records = memoryRecords(),
    ...options
  } = o
  const sealer = await door.createFileSealer(keys, source, {
    context: { form: 'claim' },
    ...options,
    records,
  })
  const { header, key } = records.logs.get(sealer.messageId).start
  return { sealer, records, source, key, expected: await writeMessage(header, key, content) }
}

/**
 * What the suites of records share: sealers of 1,000 bytes over a record, and crashes.
 *
 * @param {import('./host.js').Host['door']} door
 */
export function recordedSealers(door) {
  const { createFileSealer, SealdropError } = door
  const context = { form: 'claim' }
  const keys = sealingKeys(door, 'P-256-enc')
  const content = pattern(1_000)
  const records = () =>
    memoryRecords(new Map(), () => new SealdropError('conflict', 'another holds it'))
  const logOf = (store, { messageId }) => store.logs.get(messageId)
  const begin = async (o = {}) => {
    const store = o.records ?? records()
    const source = o.source ?? mutableSource(content)
    const sealer = await createFileSealer(o.keys ?? keys, source, {
      context,
      frameLength: 100,
      records: store,
      ...o.options,
    })
    const { start } = logOf(store, sealer)
    return {
      store,
      source,
      sealer,
      start,
      expected: await writeMessage(start.header, start.key, content),
    }
  }
  /** What is there after a crash: the durable part of the record, which nobody holds. */
  const crash = async ({ store, sealer }) => {
    const left = store.crashed()
    store.control.go?.()
    await sealer.close()
    await freed(sealer.messageId)
    return left
  }

  return { keys, content, records, logOf, begin, crash }
}
