import { isSealdropError } from '../../errors/sealdrop-error.js'
import type { DropMessages } from '../messages/messages.js'

/** What a person reads of an error. */
export function errorText(error: unknown, { errors }: DropMessages): string {
  const texts: Readonly<Record<string, string>> = errors
  // a code of a companion, or of a handler of one's own, stands in no table
  return (Object.hasOwn(texts, codeOf(error)) && texts[codeOf(error)]) || errors.unknown
}

/** The code that a page's maker asks for. */
export const codeOf = (error: unknown): string =>
  isSealdropError(error) ? error.code : String(Object(error).name ?? 'unknown')

/** What is wrong with a setting. Only our own messages hold no content. */
export const detailOf = (error: unknown): string =>
  isSealdropError(error) ? error.message : codeOf(error)
