// npm scripts run on Node 24; the types are those of Node 20, the oldest that is promised.
import type { Dirent } from 'node:fs'

declare module 'node:fs' {
  export function globSync(
    pattern: string | readonly string[],
    options?: { readonly cwd?: string; readonly withFileTypes?: false },
  ): string[]
  export function globSync(
    pattern: string | readonly string[],
    options: { readonly cwd?: string; readonly withFileTypes: true },
  ): Dirent[]
}
