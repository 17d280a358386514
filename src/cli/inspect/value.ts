import { curveNames } from '../../algorithms/curves.js'
import { keyWrapRow, type KeyWrapRow } from '../../algorithms/key-wraps.js'
import { limits } from '../../algorithms/limits.js'
import type { CurveName } from '../../algorithms/public-key.js'
import { inspect } from '../../doors/index.js'
import { shown } from '../../errors/guard.js'
import { pathMember } from '../../formats/context.js'
import { parseJwe, type Jwe } from '../../formats/jwe.js'
import { openingWay, recipientLine, type NamedRecipient } from './recipients.js'
import { fact, grouped, problemsOf, timeFact, type Problem, type Report } from './report.js'
import type { Seen } from './seen.js'

/** Bytes of the initialization vector and the tag of AES-GCM. */
const ivLength = 12
const tagLength = 16
/** A minute, in milliseconds: so far may clocks differ. */
const tolerance = 60_000

/** What a value says of itself, by its header and the lengths of its parts. */
export async function lookAtValue(seen: Seen): Promise<Report> {
  const text = await seen.text()
  const { messageId, digest, length, context = {} } = await inspect(text, { signal: seen.signal })
  const jwe = parseJwe(text)
  const { header, ciphertext } = jwe
  const row = keyWrapRow(header.alg)
  const recipient = recipientOf(jwe, row)
  const problems = problemsOfValue(jwe, row, seen.now)
  const path = context[pathMember]
  const refused = problems.some(({ code }) => code === 'unsupported_algorithm')
  return {
    kind: 'value',
    words: 'a sealed value (JWE)',
    facts: [
      fact('recipients', 'recipient', [recipient], [recipientLine(recipient)]),
      fact('alg', 'key wrap', header.alg),
      fact('enc', 'encryption', header.enc),
      fact('keyCommitment', 'key committed', false),
      fact('context', 'context', context),
      fact('field', 'field', path),
      fact('contentType', 'content', header.cty ?? 'octet-stream'),
      fact('messageId', 'message id', messageId),
      fact('length', 'sealed bytes', length, [grouped(length ?? 0)]),
      fact('plaintextLength', 'plaintext', ciphertext.length, [
        `${grouped(ciphertext.length)} bytes${header.cty === 'json' ? ', padding counted' : ''}`,
      ]),
      fact('digest', 'digest', digest),
      timeFact('made', 'made', header.iat, seen.now),
    ],
    does: 'opens',
    ways: refused ? [] : [wayOf(recipient, seen.input.name, context)],
    problems,
  }
}

function wayOf(
  recipient: NamedRecipient,
  name: string,
  context: Readonly<Record<string, string>>,
): ReturnType<typeof openingWay> {
  const way = openingWay(recipient, { name, context })
  // a field opens as part of its record only
  return Object.hasOwn(context, pathMember)
    ? { who: `${way.who}, by openFields of the library`, command: '' }
    : way
}

function recipientOf({ header, encryptedKey }: Jwe, row: KeyWrapRow | undefined): NamedRecipient {
  const { alg: by, kid, epk } = header
  if (row?.kind === 'RSA') return { by, key: `RSA-${encryptedKey.length * 8}`, thumbprint: kid }
  const crv = epk?.['crv']
  return { by, key: typeof crv === 'string' ? crv : undefined, thumbprint: kid }
}

/** By its names alone: some leave out zeros in front of a coordinate, and an opener puts them back. */
const isPoint = ({ kty, crv, ...rest }: NonNullable<Jwe['header']['epk']>): boolean =>
  kty === 'EC' && curveNames.includes(crv as CurveName) && !('d' in rest)

function problemsOfValue(
  { header, iv, tag, ciphertext, encryptedKey }: Jwe,
  row: KeyWrapRow | undefined,
  now: number,
): readonly Problem[] {
  const { alg, enc, epk, iat, kid } = header
  const wrapped = row?.encryptedKey
  const expected = wrapped === 'modulus' ? [256, 384, 512] : [wrapped]
  return problemsOf(
    [
      !row,
      'unsupported_algorithm',
      `alg ${shown(alg)}: opened here are RSA-OAEP-256, ECDH-ES+A256KW and ECDH-ES`,
    ],
    [enc !== 'A256GCM', 'unsupported_algorithm', `enc ${shown(enc)}: opened here is A256GCM`],
    [
      iv.length !== ivLength || tag.length !== tagLength,
      'malformed',
      'its initialization vector or its tag has the wrong length',
    ],
    [
      row !== undefined && !expected.includes(encryptedKey.length),
      'malformed',
      `its encrypted key has ${encryptedKey.length} bytes, which ${shown(alg)} does not make`,
    ],
    [
      ciphertext.length > limits.value,
      'too_large',
      `a value has at most ${grouped(limits.value)} bytes`,
    ],
    [
      !/^[\w-]{43}$/.test(kid),
      'key_not_found',
      'kid is no thumbprint, by which an opener knows its keys',
    ],
    [
      row?.kind === 'EC' && !(epk && isPoint(epk)),
      'malformed',
      'epk: expected a public point on P-256, P-384 or P-521',
    ],
    [
      iat !== undefined && iat * 1000 > now + tolerance,
      'expired',
      'it says that it was sealed in the future: is a clock wrong? This counts where there is a maximum age',
    ],
  )
}
