import { beginsAsArmor } from '../../age/armor.js'
import { beginsAsAge } from '../../age/header.js'
import { fromUtf8 } from '../../bytes/text.js'
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

const latin1 = (bytes: Bytes): string => String.fromCharCode(...bytes)

/** Whether an input is an age file, armored or not. */
export async function beginsAsAgeFile(input: Input): Promise<boolean> {
  const bytes = await input.first(enough)
  return kinds.age(bytes, latin1(bytes))
}

/** Looks at the first bytes of an input. @throws SealdropError `malformed` */
export async function kindOfInput(input: Input): Promise<SealedKind> {
  const bytes = await input.first(enough)
  const text = latin1(bytes)
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
