/** Where a command writes, line by line. */
export interface Terminal {
  /** Writes a line for programs, to stdout. */
  out(line: string): void
  /** Writes a line for people, to stderr. */
  note(line: string): void
}

export type ExitCode = 0 | 1 | 2
