import { inspectAge, type AgeStanza } from '../../age/inspect-age.js'
import { p256tag } from '../../age/p256tag.js'
import { shown } from '../../errors/guard.js'
import {
  commandLine,
  fact,
  grouped,
  namedInput,
  problem,
  problemsOf,
  type Problem,
  type Report,
  type Way,
} from './report.js'
import type { Seen } from './seen.js'

const passphrase = 'scrypt'
/** A stanza that is for nobody: age adds one, so that readers pass over what they do not know. */
const isGrease = (type: string): boolean => type.endsWith('-grease')

/** What an age file says of itself, by its header and its size. */
export async function lookAtAge({ input, signal }: Seen): Promise<Report> {
  const { armored, stanzas, headerLength, length } = await inspectAge(input.source, { signal })
  const types = [...new Set(stanzas.map(({ type }) => type))]
  const isScrypt = types.includes(passphrase)
  return {
    kind: 'age',
    words: 'an age file',
    facts: [
      fact('armored', 'armored', armored, [armored ? 'yes, it is text' : 'no, it is binary']),
      fact('stanzas', 'recipients', stanzas, stanzas.map(stanzaLine)),
      fact('passphrase', 'passphrase', isScrypt, [isScrypt ? 'yes' : 'no']),
      fact('headerLength', 'header', headerLength, [`${grouped(headerLength)} bytes`]),
      fact('length', 'sealed bytes', input.size, [grouped(input.size ?? 0)]),
      fact('plaintextLength', 'plaintext', length, [`${grouped(length ?? 0)} bytes`]),
      fact('context', 'context', {}, ['none: an age file has no context']),
    ],
    does: 'opens',
    ways: types.flatMap((type) => wayOf(type, input.name)),
    problems: [
      ...problemsOfTypes(types),
      ...problemsOf([
        input.size !== undefined && !armored && length === undefined,
        'malformed',
        'no chunks add up to its size: it was cut, or added to',
      ]),
    ],
  }
}

function stanzaLine({ type, tag }: AgeStanza): string {
  if (tag !== undefined) return `${type} with the tag ${tag}, which names no key`
  if (type === passphrase) return `${type}: a passphrase`
  return isGrease(type) ? `${type}: for nobody` : type
}

function wayOf(type: string, name: string): readonly Way[] {
  if (isGrease(type)) return []
  if (type === passphrase) return [{ who: 'whoever knows its passphrase, by age -d', command: '' }]
  if (type !== p256tag)
    return [{ who: `whoever has an identity of age for ${shown(type)}, by age -d`, command: '' }]
  return [
    {
      who: 'whoever may use kms:DeriveSharedSecret with the key of a tag: KEY_AGREEMENT on P-256',
      command: commandLine(['open', '--key-id', 'KEY', '-o', 'OUT', ...namedInput(name)]),
    },
  ]
}

function problemsOfTypes(types: readonly string[]): readonly Problem[] {
  const passedOver = types
    .filter((type) => type !== p256tag && !isGrease(type))
    .map((type) =>
      problem('key_not_found', `no key of KMS opens ${shown(type)}: it is passed over`),
    )
  return types.includes(p256tag)
    ? passedOver
    : [...passedOver, problem('key_not_found', 'none of its recipients is a p256tag')]
}
