import type { Output } from './outputs.js'

/** An output that counts what it gets. */
export interface MeasuredOutput extends Output {
  /** Bytes so far. */
  readonly bytes: () => number
}

/**
 * Counts the bytes that go to an output.
 *
 * @param isAsked - whether `--json` says them; otherwise nothing stands in the way of the bytes
 */
export function measured(output: Output, isAsked: boolean): MeasuredOutput {
  let bytes = 0
  const counting = (): TransformStream<Uint8Array, Uint8Array> =>
    new TransformStream({
      transform(chunk, controller) {
        bytes += chunk.length
        controller.enqueue(chunk)
      },
    })
  return {
    name: output.name,
    write: (stream) => output.write(isAsked ? stream.pipeThrough(counting()) : stream),
    bytes: () => bytes,
  }
}
