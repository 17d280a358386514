import type { keySetListener, KeySetHandlerOptions, ServedDocuments } from '../../doors/serve.js'
import { held as holding } from './held.js'
import { heldDocuments, type HeldDocuments } from './held-documents.js'
import type { Listener } from './http-server.js'
import { textListener, type TextSource } from './text-listener.js'

/** Where documents come from. There is a history where the set is signed. */
export interface Sources {
  readonly set: ServedDocuments
  readonly history?: ServedDocuments
  /** Recipients of age, and what signs them. */
  readonly age?: readonly TextSource[]
}

type SetName = 'set' | 'history'

/** One row of what is served. */
interface Row {
  /** The first one is told. */
  readonly paths: readonly string[]
  /** In words. */
  readonly what: string
  readonly of: SetName
  /** Whether it is the signed document, whatever a request accepts. */
  readonly isSigned?: true
}

/** What is served, under the names that `sealdrop keys publish` gives to files too. */
const rows: readonly Row[] = [
  { what: 'key set', paths: ['/.well-known/jwks.json', '/jwks.json'], of: 'set' },
  { what: 'signed set', paths: ['/jwks.jwt'], of: 'set', isSigned: true },
  { what: 'history', paths: ['/history.jwt'], of: 'history', isSigned: true },
]

/** What a server answers, and what is to be renewed for that. */
export interface Routes {
  readonly listeners: ReadonlyMap<string, Listener>
  /** What is told of each: words, and a path. */
  readonly told: readonly { readonly what: string; readonly path: string }[]
  /** Asks the sources again. No request does that. */
  renew(): Promise<void>
}

/** @param note - told of documents that cannot be had */
export function routesOf(
  sources: Sources,
  listenerOf: typeof keySetListener,
  o: KeySetHandlerOptions,
  note: (line: string) => void,
): Routes {
  const held: Partial<Record<SetName, HeldDocuments>> = {
    set: heldDocuments('key set', sources.set, note),
    ...(sources.history && { history: heldDocuments('history', sources.history, note) }),
  }
  const isServed = ({ isSigned }: Row): boolean => !isSigned || sources.history !== undefined
  const served = rows.filter(isServed)
  const listeners = served.flatMap(({ paths, of, isSigned }) => {
    const listener = listenerOf(held[of] as HeldDocuments, o)
    return paths.map((path) => [path, isSigned ? signed(listener) : listener] as const)
  })
  const texts = (sources.age ?? []).map((source) => textRow(source, o, note))
  const told = [...served, ...texts].map(({ what, paths: [path = ''] }) => ({ what, path }))
  return {
    listeners: new Map([...listeners, ...texts.flatMap(pathsOf)]),
    told,
    async renew() {
      for (const one of [...Object.values(held), ...texts]) await one.refresh()
    },
  }
}

interface TextRow extends Pick<Row, 'what' | 'paths'> {
  readonly listener: Listener
  readonly refresh: () => Promise<void>
}

function textRow(
  { what, name, read }: TextSource,
  o: KeySetHandlerOptions,
  note: (line: string) => void,
): TextRow {
  const { now, refresh } = holding(what, read, note)
  const { maxAge } = o
  const listener = textListener(now, maxAge === undefined ? {} : { maxAge })
  return { what, paths: [`/.well-known/${name}`, `/${name}`], listener, refresh }
}

const pathsOf = ({ paths, listener }: TextRow): readonly (readonly [string, Listener])[] =>
  paths.map((path) => [path, listener] as const)

/** Whoever asks by the name of the signed document need not say so once more. */
const signed =
  (listener: ReturnType<typeof keySetListener>): Listener =>
  ({ method, headers }, response) =>
    listener({ method, headers: { ...headers, accept: 'application/jwk-set+jwt' } }, response)
