import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { ReadStream } from 'node:tty'
import { UsageError } from '../exit-codes.js'
import { escaped } from '../terminal.js'

/**
 * The terminal of this process, wherever its streams go. A pipe on stdin must answer nothing.
 *
 * @returns undefined where there is none, as in a job
 */
function openTerminal(): number | undefined {
  try {
    return openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY)
  } catch {
    return undefined
  }
}

/**
 * Asks at the terminal itself, and waits for one line.
 *
 * @returns the line; undefined where there is no terminal
 * @throws UsageError where the terminal closes, and the reason of the signal
 */
export async function askTerminal(
  question: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const fd = openTerminal()
  if (fd === undefined) return undefined
  const input = new ReadStream(fd)
  // not raw: Ctrl-C stays a signal, and the line can be edited
  const lines = createInterface({ input, terminal: false })
  try {
    writeSync(fd, escaped(question))
    const closed = new Promise<never>((_, reject) => {
      const error = new UsageError('nothing was typed, and nothing was done')
      lines.once('close', () => reject(error))
    })
    return (await Promise.race([lines.question('', { signal }), closed])).trim()
  } finally {
    lines.close()
    input.destroy()
    closeQuietly(fd)
  }
}

/** The stream may have closed it already. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // it is closed
  }
}
