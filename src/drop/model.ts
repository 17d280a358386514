import type { KeyInfo } from '../keys/key.js'
import type { KeySet } from '../keys/key-set.js'
import type { UnfinishedUpload } from '../upload/unfinished-uploads.js'
import type { Language } from './format.js'
import type { Item, QueueState } from './queue.js'
import type { Rate } from './rate.js'
import type { Unready } from './settings.js'

/** The keys of one set that files can be sealed to. */
export interface BelievedKeys {
  readonly trust: KeySet['trust']
  readonly keys: readonly KeyInfo[]
}

/** What is known of the keys. */
export type KeysKnown =
  | { readonly state: 'checking' }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'believed'; readonly sets: readonly BelievedKeys[] }

/** What the box shows. */
export interface DropModel {
  readonly language: Language
  readonly company: string
  readonly unready: Unready | undefined
  readonly keys: KeysKnown
  readonly items: readonly Item<File>[]
  readonly state: QueueState
  readonly progress: { readonly done: number; readonly total: number }
  readonly rate: Rate
  readonly unfinished: readonly UnfinishedUpload[]
  readonly isOffline: boolean
}

/** What a person can do in the box. */
export interface DropActions {
  readonly add: (files: readonly File[]) => void
  readonly drop: (data: DataTransfer) => void
  readonly send: () => void
  readonly pause: () => void
  readonly resume: () => void
  readonly cancel: () => void
  readonly remove: (id: number) => void
  readonly retry: (id: number) => void
  readonly forget: (messageId: string) => void
  readonly save: () => void
  readonly checkKeys: () => void
}

/** A part of the box. */
export interface DropPart {
  readonly body: HTMLElement
  update(model: DropModel): void
}
