import type { SealdropErrorCode } from '../../errors/sealdrop-error.js'

/** The codes that a page meets. */
type PageErrorCode = Exclude<SealdropErrorCode, 'key_not_found' | 'key_unusable' | `kms_${string}`>

/** A text for each form of a number that the language has, as `Intl.PluralRules` names them. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & {
  readonly other: string
}

/**
 * The texts of the element in one language.
 *
 * - `{name}` stands for what is put in
 * - one table has every text, so that a page never mixes languages
 */
export interface DropMessages {
  readonly title: string
  /** Where the page says who receives: `{company}`. */
  readonly titleFor: string
  readonly lead: string
  readonly choose: string
  readonly chooseFolder: string
  readonly drop: string
  readonly dropNow: string
  readonly nothingFound: string
  readonly who: string
  readonly whoFor: string
  readonly key: string
  readonly keys: string
  readonly why: string
  readonly checking: string
  /** Why keys are believed, by the kind of the trust. */
  readonly trust: Readonly<Record<'signed' | 'pinned' | 'https' | 'in-hand', string>>
  readonly list: string
  /** `{count}`: how many files. */
  readonly files: Plural
  readonly arrived: Plural
  readonly failed: Plural
  readonly added: Plural
  readonly send: string
  readonly pause: string
  readonly resume: string
  readonly cancel: string
  readonly cancelled: string
  readonly retry: string
  /** `{name}`: of the file. */
  readonly removeFile: string
  /** What a file is doing. */
  readonly states: Readonly<Record<'waiting' | 'resumes' | 'sending' | 'paused' | 'done', string>>
  /** `{done}` and `{total}`. */
  readonly amount: string
  /** `{time}`. */
  readonly left: string
  readonly finishing: string
  readonly offline: string
  /** `{percent}`, for screen readers. */
  readonly sent: string
  readonly unfinished: string
  readonly unfinishedLead: string
  readonly forget: string
  readonly receipts: string
  readonly save: string
  readonly saveAs: string
  /** Where the page has something to mend before anything can be sent. */
  readonly setup: string
  readonly keysFailed: string
  /** What a person can do, by the code of an error; a page meets no code of a companion. */
  readonly errors: Readonly<Record<PageErrorCode | 'unknown', string>>
}

/** Puts values in. What is not given stays as it is written. */
export const filled = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? place) : place,
  )
