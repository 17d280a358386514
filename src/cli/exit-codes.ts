import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'

/** What the process ends with: `docs/guides/command-line.md` has the table. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 129 | 130 | 143

/** Every code of an error. One that is missing here does not compile. */
export const exitCodes: Readonly<Record<SealdropErrorCode, ExitCode>> = {
  closed: 1,
  invalid_argument: 2,
  unsupported_algorithm: 2,
  unsupported_runtime: 2,
  malformed: 3,
  too_large: 3,
  rejected: 3,
  context_mismatch: 3,
  expired: 3,
  replayed: 3,
  keys_untrusted: 4,
  keys_expired: 4,
  keys_rolled_back: 4,
  keys_malformed: 4,
  no_usable_key: 4,
  key_not_found: 4,
  key_unusable: 4,
  kms_denied: 5,
  kms_unexpected: 5,
  kms_throttled: 6,
  kms_unavailable: 6,
  keys_unreachable: 6,
  conflict: 6,
  source_changed: 7,
  source_failed: 7,
  output_failed: 7,
}

/** The command line is used wrongly. */
export class UsageError extends Error {
  readonly exitCode = 2
}

/** The exit codes that shells give for signals: 128 and their number. */
export const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** A signal ended the work. */
export class Interrupted extends Error {
  readonly exitCode: ExitCode
  constructor(signal: keyof typeof signalCodes) {
    super(`ended by ${signal}`)
    this.exitCode = signalCodes[signal]
  }
}

/** Whoever reads the output has stopped. Nothing is said of it. */
export class PipeClosed extends Error {
  readonly exitCode = 7
}

/** The work ended and found something wrong, which was told already. */
export class Findings extends Error {
  readonly exitCode: ExitCode
  constructor(message: string, exitCode: ExitCode = 8) {
    super(message)
    this.exitCode = exitCode
  }
}

const own = [UsageError, Interrupted, PipeClosed, Findings] as const

/** Whether an error is one that the command foresaw: its message is for people. */
export const isForeseen = (error: unknown): error is Error =>
  isSealdropError(error) || own.some((kind) => error instanceof kind)

/** What the process ends with after an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isSealdropError(error)) return exitCodes[error.code]
  return isForeseen(error) ? (error as UsageError).exitCode : 1
}
