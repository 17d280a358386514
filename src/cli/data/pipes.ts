import { close, constants, createReadStream, createWriteStream, open, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { whenInterrupted } from '../signals.js'

/** Whether something is a pipe with a name, such as the shell's `<(command)` too. */
export const isPipe = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFIFO() ?? false

/** Opens a pipe to read from it. It waits for a writer. */
export async function pipeToRead(path: string): Promise<Readable> {
  const fd = await openPipe(path, constants.O_RDONLY)
  return endedBySignals(
    socketOf({ fd, readable: true, writable: false }) ?? createReadStream('', { fd }),
  )
}

/**
 * Opens a pipe to write to it. It waits for a reader.
 *
 * Opened for reading too, it would lose what nobody read.
 */
export async function pipeToWrite(path: string): Promise<Writable> {
  const fd = await openPipe(path, constants.O_WRONLY)
  return endedBySignals(
    socketOf({ fd, readable: false, writable: true }) ?? createWriteStream('', { fd }),
  )
}

/** A read of a file would block a thread until somebody writes, and with it the process's end. */
function socketOf(o: {
  readonly fd: number
  readonly readable: boolean
  readonly writable: boolean
}): Socket | undefined {
  try {
    return new Socket(o)
  } catch {
    // not every runtime makes one of a pipe with a name
    return undefined
  }
}

/** Lets a signal end a stream. Whoever reads or writes it at that time is told why. */
export function endedBySignals<T extends Readable | Writable>(stream: T): T {
  const forget = whenInterrupted((reason) => {
    // nobody may be reading it yet
    stream.on('error', () => {})
    stream.destroy(reason)
  })
  stream.once('close', forget)
  return stream
}

const closing = (fd: number): void => close(fd, () => {})

/** Both ends of a pipe; undefined where that is not allowed. */
function otherEnd(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
}

/** Opening waits for the other end. A signal ends the wait by being that end. */
async function openPipe(path: string, flags: number): Promise<number> {
  let ended: Error | undefined
  let other: number | undefined
  const forget = whenInterrupted((reason) => {
    ended = reason
    other = otherEnd(path)
  })
  try {
    const fd = await promisify(open)(path, flags)
    if (ended === undefined) return fd
    closing(fd)
    throw ended
  } finally {
    forget()
    if (other !== undefined) closing(other)
  }
}
