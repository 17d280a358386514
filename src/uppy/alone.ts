import { SealdropError } from '../errors/sealdrop-error.js'

/** What is looked at of a plugin of Uppy. */
export interface Plugin {
  readonly id: string
  readonly type: string
  readonly opts: unknown
}

/** What its options always have, whatever its `id`, its type or its class are. */
const ofGoldenRetriever = ['expires', 'serviceWorker'] as const

const isGoldenRetriever = ({ id, opts }: Plugin): boolean =>
  id === 'GoldenRetriever' ||
  ofGoldenRetriever.every((name) => Object.hasOwn((opts ?? {}) as object, name))

/** Why a plugin may not stand beside the uploader; undefined where it may. */
export function conflictWith(plugin: Plugin, own: string): SealdropError | undefined {
  if (plugin.id === own) return undefined
  const why =
    plugin.type === 'uploader'
      ? 'it would send the same files as they are'
      : isGoldenRetriever(plugin) && 'it keeps files as they are in IndexedDB'
  return why
    ? new SealdropError('conflict', `${own}: it cannot stand beside ${plugin.id}, since ${why}`)
    : undefined
}
