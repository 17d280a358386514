import { abortable } from '../io/abort.js'
import type { Stop } from '../io/stop.js'
import { Turns } from '../io/turns.js'
import type { SharedAnswers, Unwrapped } from './candidates.js'

/** A bounded memory of what KMS answered; the companion brings one. */
export interface AnswerStore {
  get(name: string): Promise<Unwrapped> | undefined
  set(name: string, answer: Promise<Unwrapped>): unknown
  delete(name: string): unknown
  entries(): Iterable<[string, Promise<Unwrapped>]>
}

/**
 * Answers of KMS that serve all that is opened in one run.
 *
 * - of one wrapped key one call at a time is under way, and so many of all
 * - an answer is kept whether it is good or bad, since it would be the same again
 * - calls wait in the order in which their wrapped keys came: each has one, so none holds others up
 * - a failure that passes is that of all who waited for it, and is not kept
 */
export class RunAnswers implements SharedAnswers {
  readonly #store: AnswerStore
  readonly #turns: Turns
  readonly #stop: Stop
  /** The key that each answer came of. */
  readonly #arns = new WeakMap<Promise<Unwrapped>, string>()
  readonly #remembered = new WeakSet<Unwrapped>()

  /** @param stop - ends the run, and its calls; the signal of an item ends the wait of that item only */
  constructor(store: AnswerStore, calls: number, stop: Stop) {
    this.#store = store
    this.#turns = new Turns(() => calls)
    this.#stop = stop
  }

  answer(
    name: string | undefined,
    ask: (signal?: AbortSignal) => Promise<Unwrapped>,
    signal: AbortSignal | undefined,
  ): Promise<Unwrapped> {
    const known = name === undefined ? undefined : this.#store.get(name)
    const answer = known ?? this.#asked(ask, name === undefined ? signal : undefined)
    if (name !== undefined && !known) this.#keep(name, answer)
    return abortable(answer, signal)
  }

  isNew(answer: Unwrapped): boolean {
    const isNew = !this.#remembered.has(answer)
    this.#remembered.add(answer)
    return isNew
  }

  forget(arn: string): void {
    for (const [name, answer] of this.#store.entries())
      if (this.#arns.get(answer) === arn) this.#store.delete(name)
  }

  ensureAwaited(): void {
    this.#stop.throwIfStopped()
  }

  /** @param own - of the one item that waits for it, which may be given up before its turn */
  #asked(
    ask: (signal?: AbortSignal) => Promise<Unwrapped>,
    own: AbortSignal | undefined,
  ): Promise<Unwrapped> {
    return this.#turns.take(async () => {
      own?.throwIfAborted()
      this.#stop.throwIfStopped()
      const { signal, off } = this.#stop.part()
      try {
        return await ask(signal)
      } finally {
        off()
      }
    })
  }

  #keep(name: string, answer: Promise<Unwrapped>): void {
    this.#store.set(name, answer)
    answer.then(
      ({ key }) => this.#arns.set(answer, key.arn),
      () => {
        if (this.#store.get(name) === answer) this.#store.delete(name)
      },
    )
  }
}
