import { constants } from 'node:os'

const names = ['SIGINT', 'SIGTERM'] as const

/**
 * Waits for SIGINT or SIGTERM, and then for the closing that it begins.
 *
 * A second signal ends the process at once, with the exit code that shells give for a signal.
 */
export async function untilSignal(close: (name: string) => Promise<void>): Promise<void> {
  let listener: (name: NodeJS.Signals) => void = () => {}
  let closing: Promise<void> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      listener = (name) => {
        if (closing) process.exit(128 + constants.signals[name])
        closing = close(name)
        closing.then(resolve, reject)
      }
      for (const name of names) process.on(name, listener)
    })
  } finally {
    for (const name of names) process.off(name, listener)
  }
}
