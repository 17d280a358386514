// What the tables of golden facts hold; how steps are read: steps.mjs.

export interface Step {
  /** An operation; absent where the caller computes by itself. */
  readonly call?: string
  readonly input?: object
  /** The name under which the answer is kept. */
  readonly as?: string
  /** Another Region. */
  readonly in?: string
  readonly local?: (kept: Record<string, unknown>) => unknown
  readonly expect?: { readonly answer: object } | Refusal
}

export interface Refusal {
  readonly error: string
  /** A text, a pattern, null for whatever it is; undefined where the body has no message. */
  readonly message?: string | RegExp | null
}

export interface Row {
  readonly name: string
  readonly source: string
  readonly certainty: string
  readonly steps: readonly Step[]
}

export const tables: readonly { readonly table: string; readonly rows: readonly Row[] }[]
