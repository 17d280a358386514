import type { JsonObject } from '../../formats/json.js'
import type { Keyring } from '../state/keyring.js'
import { validate, type Input, type Members } from '../wire/validate.js'

/** Undefined: the service answers 200 with an empty body. */
export type Answer = JsonObject | undefined
export type Operation = (ring: Keyring, body: JsonObject) => Promise<Answer>

/** An operation that changes nothing, or queues its changes itself. */
export function operation<const M extends Members>(members: M, run: (ring: Keyring, input: Input<M>) => Answer | Promise<Answer>): Operation {
  return async (ring, body) => run(ring, validate(members, body))
}

/** An operation that looks and changes in one turn, so that two at once cannot both see the state before. */
export function changing<const M extends Members>(members: M, run: (ring: Keyring, input: Input<M>) => Answer | Promise<Answer>): Operation {
  return async (ring, body) => {
    const input = validate(members, body)
    return ring.change(() => run(ring, input))
  }
}

/** Blobs are padded standard base64 on the wire. */
export const blob = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')

/** Timestamps are numbers of epoch seconds on the wire. */
export const timestamp = (milliseconds: number): number => milliseconds / 1000
