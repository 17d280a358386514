import type { PublicMembers } from '../algorithms/public-key.js'
import { fromBase64 } from '../bytes/base64url.js'
import { Cursor } from '../bytes/cursor.js'
import { ensure, shown } from '../errors/guard.js'
import { element } from './der.js'
import { fromPkcs1, fromSpki } from './spki.js'

/** What DER begins with: a sequence. */
export const isDer = (bytes: Uint8Array | undefined): bytes is Uint8Array => bytes?.[0] === 0x30

/** Text as it is where an environment variable kept its quotes. */
export const unquoted = (text: string): string =>
  (/^(["'])([^]*)\1$/.exec(text.trim())?.[2] ?? text).trim()

/** The commands that make a public key of what people hand in for one. */
const commands: readonly (readonly [kind: RegExp, command: string])[] = [
  [/^(X509 |TRUSTED )?CERTIFICATE$/, 'openssl x509 -pubkey -noout -in cert.pem'],
  [/PRIVATE KEY$/, 'openssl pkey -pubout -in key.pem'],
]

/**
 * The public key in a text: in its one block of PEM, or as base64 of DER.
 *
 * - other text may stand around the block (RFC 7468 §5.2), and blocks of other kinds
 * - a line end may also be `\n` in two characters, as environment variables have it
 *
 * @returns undefined where there is neither
 * @throws SealdropError `keys_malformed`, `unsupported_algorithm`
 */
export function fromKeyText(text: string): PublicMembers | undefined {
  const lines = text.replace(/\\{1,4}[rn]/g, '\n')
  const blocks = [...lines.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)]
  const named = (kind: RegExp): readonly RegExpMatchArray[] =>
    blocks.filter(([, label]) => kind.test(`${label}`))
  // a private key that lies beside its public key is one too many wherever this runs
  // and so is one of which the end is missing, or that is encrypted
  ensure(!/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-/.test(lines), 'keys_malformed', found('PRIVATE KEY'))
  const [block, ...more] = named(/^(RSA )?PUBLIC KEY$/)
  ensure(block ?? !blocks[0], 'keys_malformed', found(`${blocks[0]?.[1]}`))
  ensure(more.length === 0, 'keys_malformed', 'key set: expected one PUBLIC KEY, found several')
  const der = fromBase64(block?.[2] ?? text)
  return isDer(der) ? fromDer(der) : undefined
}

function found(label: string): string {
  const [, command] = commands.find(([kind]) => kind.test(label)) ?? []
  const advice = command === undefined ? '' : `; this prints its public key: ${command}`
  return `key set: expected PUBLIC KEY (SPKI) or RSA PUBLIC KEY, found ${shown(label)}${advice}`
}

/**
 * A public key in DER: SPKI, or an RSAPublicKey (RFC 8017 §A.1.1).
 *
 * Everything else in a sequence is told by what it begins with: a private key by its version, a
 * certificate by a sequence of more than an algorithm.
 *
 * @throws SealdropError `keys_malformed`, `unsupported_algorithm`
 */
export function fromDer(der: Uint8Array): PublicMembers {
  const body = element(new Cursor(der, 'keys_malformed'), 'sequence', 'SPKI')
  const [tag, length] = body
  ensure(tag !== 2 || length !== 1, 'keys_malformed', found('PRIVATE KEY'))
  if (tag === 2) return fromPkcs1(der)
  const first = tag === 0x30 && element(new Cursor(body, 'keys_malformed'), 'sequence', 'SPKI')
  const isCertificate = first && (first[0] === 0xa0 || first[0] === 2)
  ensure(!isCertificate, 'keys_malformed', found('CERTIFICATE'))
  return fromSpki(der)
}
