// Stanzas over stdin and stdout: C2SP's age plugin protocol, "IPC protocol".
import type { Readable, Writable } from 'node:stream'
import { stanzaAt, stanzaText, type Stanza } from '../../age/header.js'
import { SealdropError } from '../../errors/sealdrop-error.js'

/** The longest stanza that is read, in bytes. */
const longest = 2 ** 22
/** A body ends with a line that is shorter. */
const columns = 64

/** The other side of a plugin. */
export interface Channel {
  /** The next stanza. @throws SealdropError `malformed`, also where the other side is gone */
  read(): Promise<Stanza>
  /** Sends a command and waits for its answer, whatever that is. */
  ask(type: string, args: readonly string[], body?: Uint8Array): Promise<Stanza>
  /** Ends a phase. */
  done(): Promise<void>
}

/** Lines as they come. @throws SealdropError `too_large` */
async function* linesOf(stdin: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longest) throw new SealdropError('too_large', 'a line is too long')
    yield* lines
  }
}

/** Talks to whoever started the plugin. */
export function channelOver(stdin: Readable, stdout: Writable): Channel {
  const lines = linesOf(stdin)
  const line = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done) throw new SealdropError('malformed', 'age ended the conversation')
    return value
  }
  const read = async (): Promise<Stanza> => {
    const found = [await line()]
    let length = 0
    do {
      const body = await line()
      length += body.length
      if (length > longest) throw new SealdropError('too_large', 'a stanza is too long')
      found.push(body)
    } while (found.at(-1)?.length === columns)
    const [stanza, end] = stanzaAt(found, 0)
    if (end !== found.length) throw new SealdropError('malformed', 'a body has a wrong line')
    return stanza
  }
  const write = (stanza: Stanza): Promise<void> =>
    new Promise((resolve, reject) => {
      stdout.write(stanzaText(stanza), (error) => (error ? reject(error) : resolve()))
    })
  return {
    read,
    async ask(type, args, body = new Uint8Array()) {
      await write({ type, args, body: new Uint8Array(body) })
      return read()
    },
    done: () => write({ type: 'done', args: [], body: new Uint8Array() }),
  }
}

/** The commands of a phase that the other side controls, up to its `done`. */
export async function commandsOf(channel: Channel, most: number): Promise<readonly Stanza[]> {
  const commands: Stanza[] = []
  for (;;) {
    const command = await channel.read()
    if (command.type === 'done') return commands
    commands.push(command)
    if (commands.length > most) throw new SealdropError('too_large', 'age sends too many commands')
  }
}
