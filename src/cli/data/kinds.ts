import { beginsAsArmor } from '../../age/armor.js'
import { beginsAsAge } from '../../age/header.js'
import { binary, fromUtf8 } from '../../bytes/text.js'
import type { Bytes } from '../../bytes/bytes.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { allOf, type Input } from './inputs.js'

/** What a sealed thing is, by its first bytes. */
export type SealedKind = 'message' | 'value' | 'age'

/** As many bytes as tell one kind from another. */
const enough = 1_200

const kinds: Readonly<Record<SealedKind, (bytes: Bytes, text: string) => boolean>> = {
  // message-format.md, "Header": version 2, and version 1 of old writers
  message: ([version = 0]) => version === 1 || version === 2,
  // C2SP's age format, "Header" and "ASCII armor"
  age: (_, text) => beginsAsAge(text) || beginsAsArmor(text),
  // RFC 7516 §7.1: five parts in base64url; the first one is a JSON object
  value: (_, text) => /^\s*eyJ[\w-]*\.?/.test(text),
}

/** Whether an input is an age file, armored or not. */
export async function beginsAsAgeFile(input: Input): Promise<boolean> {
  const bytes = await input.first(enough)
  return kinds.age(bytes, binary(bytes))
}

/** So many first bytes are looked at: no header of a message is longer. */
const longestHeader = 32_768
/** Version 2 and the suite 0x0478, in which messages are sealed. */
const isOurMessage = ([version, high, low]: Bytes): boolean =>
  version === 2 && high === 0x04 && low === 0x78
/** A whole value and nothing else (RFC 7516 §7.1). */
const isWholeValue = (text: string): boolean => /^\s*eyJ[\w-]*(\.[\w-]*){4}\s*$/.test(text)

/**
 * What an input is already, in words; undefined where it is not sealed.
 *
 * An age file names no key, so that any counts. In an age file so does any message or value.
 */
export async function sealedAlready(input: Input, intoAge: boolean): Promise<string | undefined> {
  if (await beginsAsAgeFile(input)) return 'an age file'
  if (!intoAge) return undefined
  const bytes = await input.first(longestHeader + 1)
  if (isOurMessage(bytes)) return 'a sealed file'
  return bytes.length <= longestHeader && isWholeValue(binary(bytes)) ? 'a sealed value' : undefined
}

/** Looks at the first bytes of an input. @throws SealdropError `malformed` */
export async function kindOfInput(input: Input): Promise<SealedKind> {
  const bytes = await input.first(enough)
  const text = binary(bytes)
  const names = Object.keys(kinds) as SealedKind[]
  const found = names.find((name) => kinds[name](bytes, text))
  if (found) return found
  throw new SealdropError(
    'malformed',
    `${input.name}: expected a sealed file or value, found ${bytes.length === 0 ? 'nothing' : 'something else'}`,
  )
}

/** The longest text that is looked at, in bytes. A message may have any length. */
const longestText = 16 * 2 ** 20

/** A message as it comes, and everything else as its text: what `inspect` takes. */
export async function inspectable(input: Input): Promise<string | Input['source']> {
  const [version = 0] = await input.first(1)
  if (version === 1 || version === 2) return input.source
  return fromUtf8(await allOf(input, longestText))?.trim() ?? input.source
}
