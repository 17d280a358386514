/** Where a command writes, line by line. */
export interface Terminal {
  /** For programs: stdout. */
  out(line: string): void
  /** For people: stderr. */
  note(line: string): void
}

export type ExitCode = 0 | 1 | 2
