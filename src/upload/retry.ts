import { isSealdropError } from '../errors/sealdrop-error.js'
import { abortable } from '../io/abort.js'

/** Milliseconds before the first attempt is repeated, and the most between two attempts. */
const firstWait = 500
const longestWait = 30_000
/** How often something that may pass is tried in all. */
export const attempts = 10

/** Waits, until the signal says otherwise. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const waiting = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return abortable(waiting, signal).finally(() => clearTimeout(timer))
}

interface Online {
  readonly navigator?: { readonly onLine?: boolean }
}

/**
 * Waits while the host says that it has no network; hosts that say nothing have one.
 *
 * It looks every second: some hosts never tell that the network is back.
 */
export async function online(signal: AbortSignal): Promise<void> {
  while ((globalThis as Online).navigator?.onLine === false) await pause(1_000, signal)
}

/** How long to wait before the next attempt: twice as long each time, of which half is random. */
export function waitBefore(attempt: number, retryAfter = 0): number {
  const longest = Math.min(longestWait, firstWait * 2 ** (attempt - 1))
  return Math.max(retryAfter, longest / 2 + (Math.random() * longest) / 2)
}

/**
 * Milliseconds that an answer asks to wait (RFC 9110 §10.2.3), one hour at most.
 *
 * @param value - of the header `retry-after`: seconds, or a date
 */
export function retryAfterOf(value: string | null | undefined): number {
  if (!value) return 0
  const wait = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Math.min(3_600_000, Math.max(0, wait || 0))
}

/** An error that may pass, with the wait that its answer asked for. */
const waitOf = (error: unknown): number =>
  Number((error as { readonly retryAfter?: number }).retryAfter) || 0

/** Works until it succeeds, as long as what fails is retryable. */
export async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    await online(signal)
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!isSealdropError(error) || !error.retryable || attempt === attempts) throw error
      await pause(waitBefore(attempt, waitOf(error)), signal)
    }
  }
}
