import { fromUtf8 } from '../../bytes/text.js'
import type { Value } from '../../doors/index.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { Option } from '../commander.js'

type Bytes = Uint8Array<ArrayBuffer>

const wrongType = (name: string, type: string): SealdropError =>
  new SealdropError('malformed', `${name}: expected ${type}`)

/** What bytes are taken for. It is never guessed. */
const valueTypes = {
  bytes: (bytes: Bytes): Value => bytes,
  text(bytes: Bytes, name: string): Value {
    const text = fromUtf8(bytes)
    if (text === undefined) throw wrongType(name, 'text in UTF-8')
    return text
  },
  json(bytes: Bytes, name: string): Value {
    try {
      return JSON.parse(fromUtf8(bytes) ?? '') as Value
    } catch {
      throw wrongType(name, 'JSON')
    }
  },
}

export type ValueType = keyof typeof valueTypes

/** The flag that says what a value is. */
export const valueTypeOption = (description: string): Option =>
  new Option('--type <type>', description).choices(Object.keys(valueTypes))

/** Bytes as the value that they are said to be. @throws SealdropError `malformed` */
export const valueOf = (type: ValueType | undefined, bytes: Bytes, name: string): Value =>
  valueTypes[type ?? 'bytes'](bytes, name)
