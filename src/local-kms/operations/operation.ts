import { Buffer } from 'node:buffer'
import type { JsonObject } from '../../formats/json.js'
import { validate, type Input, type Members } from '../wire/validate.js'
import type { Call } from './call.js'

/** What an operation answers; undefined stands for 200 with an empty body. */
export type Answer = JsonObject | undefined
export type Operation = (call: Call) => Promise<Answer>

/** An operation that changes nothing, or queues its changes itself. */
export function operation<const M extends Members>(
  members: M,
  run: (call: Call, input: Input<M>) => Answer | Promise<Answer>,
): Operation {
  return async (call) => {
    const answer = await run(call, validate(members, call.body))
    call.checkDecided()
    call.recordUse()
    return answer
  }
}

/**
 * An operation that looks and changes in one turn.
 *
 * So two operations at once cannot both see the state before.
 */
export function changing<const M extends Members>(
  members: M,
  run: (call: Call, input: Input<M>) => Answer | Promise<Answer>,
): Operation {
  return operation(members, (call, input) => call.kms.change(() => run(call, input)))
}

/** Blobs are padded standard base64 on the wire. */
export const blob = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')

/** Timestamps are numbers of epoch seconds on the wire. */
export const timestamp = (milliseconds: number): number => milliseconds / 1000
