import { readFile } from 'node:fs/promises'
import { fromUtf8 } from '../../bytes/text.js'
import {
  fetchKeySet,
  importKeySet,
  inHand,
  overHttps,
  pinned,
  signedBy,
  type JWK,
  type KeySet,
  type Trust,
} from '../../doors/index.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, isText, parseJson } from '../../formats/json.js'
import { UsageError } from '../exit-codes.js'
import type { KeyArgument } from './recipients.js'

/** A key set, and what is told of why it is believed. */
export interface TrustedKeys {
  readonly keys: KeySet
  readonly source: string
  /** In words, such as `signed by root.json`. */
  readonly trust: string
}

type Use = 'enc' | 'sig'
const isUrl = (source: string): boolean => /^https?:\/\//i.test(source)

/** Reads the keys that a command line names. @throws UsageError, SealdropError `source_failed` */
export async function keySetOf(given: KeyArgument, use: Use): Promise<TrustedKeys> {
  if (isUrl(given.source)) return fromUrl(given, use)
  const document = await readDocument(given)
  const recipient = recipientOf(document)
  if (!recipient) return fromFile(given, document, use)
  if (hasTrust(given))
    throw new UsageError(`${given.source}: a recipient file says itself why it is believed`)
  return fromRecipientFile(given.source, recipient, use)
}

const hasTrust = ({ roots, pins, name, issuer, isTrustedByHttps }: KeyArgument): boolean =>
  roots.length + pins.length > 0 || [name, issuer, isTrustedByHttps].some((it) => it !== undefined)

/** The bytes of a file. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new SealdropError('source_failed', `${path}: it cannot be read: ${code}`, { cause })
  }
}

/** The bytes of a key's file, which are read once. */
export function bytesOfKey(given: KeyArgument): Promise<Uint8Array<ArrayBuffer>> {
  given.bytes ??= readBytes(given.source)
  return given.bytes
}

const readDocument = async (given: KeyArgument): Promise<string | Uint8Array<ArrayBuffer>> => {
  const bytes = await bytesOfKey(given)
  return fromUtf8(bytes) ?? bytes
}

/** Why a document is believed, by the flags behind it; undefined where none says so. */
async function trustOf(
  given: KeyArgument,
  use: Use,
): Promise<readonly [Trust, string] | undefined> {
  const { roots, pins, name, issuer, arn, isTrustedByHttps } = given
  const ways = [roots.length > 0, pins.length > 0, isTrustedByHttps === true].filter(Boolean).length
  if (ways > 1)
    throw new UsageError(`${given.source}: --root, --pin and --trust-https exclude each other`)
  if (roots.length === 0 && (name !== undefined || issuer !== undefined))
    throw new UsageError(`${given.source}: --set-name and --issuer need a --root`)
  if (roots.length > 0) return [await signedByFiles(given), `signed by ${roots.join(', ')}`]
  if (pins.length > 0) {
    if (arn !== undefined && pins.length > 1)
      throw new UsageError(`${given.source}: --arn needs exactly one --pin`)
    return [
      pinned(pins.map((thumbprint) => ({ thumbprint, use, arn }))),
      `pinned ${pins.join(', ')}`,
    ]
  }
  return isTrustedByHttps && [overHttps(), 'whoever serves it over https']
}

async function signedByFiles({ roots, name, issuer }: KeyArgument): Promise<Trust> {
  const jwks = (await Promise.all(roots.map(rootsOf))).flat()
  return signedBy(jwks, {
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer }),
  })
}

/** Reads a file with a JWK, an array of JWKs or a JWK Set. */
export async function rootsOf(path: string): Promise<readonly JWK[]> {
  const text = fromUtf8(await readBytes(path)) ?? ''
  const found = parseJson(text, { code: 'invalid_argument', field: `--root ${path}` })
  const roots = isJsonObject(found) ? (found['keys'] ?? found) : found
  return (Array.isArray(roots) ? roots : [roots]) as readonly JWK[]
}

async function fromUrl(given: KeyArgument, use: Use): Promise<TrustedKeys> {
  const { source } = given
  const trust = await trustOf(given, use)
  if (!trust)
    throw new UsageError(
      `${source}: say why its keys are believed: --root FILE, --pin THUMBPRINT or --trust-https`,
    )
  if (given.arn !== undefined && given.pins.length === 0)
    throw new UsageError(`${source}: --arn needs a --pin, or a key in a file`)
  return { keys: fetchKeySet(source, { trust: trust[0], use }), source, trust: trust[1] }
}

async function fromFile(
  given: KeyArgument,
  document: string | Uint8Array<ArrayBuffer>,
  use: Use,
): Promise<TrustedKeys> {
  const { source, arn } = given
  if (given.isTrustedByHttps) throw new UsageError(`${source}: --trust-https is for URLs`)
  const [trust, words] = (await trustOf(given, use)) ?? [inHand(), 'in hand']
  const keys = importKeySet(document, { trust, use, ...(arn !== undefined && { arn }) })
  return { keys, source, trust: words }
}

/** What `sealdrop keys show --as recipient` writes. */
interface RecipientFile {
  readonly url: string
  readonly roots?: readonly JWK[]
  readonly pins?: readonly string[]
  readonly name?: string
  readonly issuer?: string
}

const recipientMembers = new Set(['url', 'roots', 'pins', 'name', 'issuer'])

/** What a recipient file says; undefined where this is a key or a set. */
function recipientOf(document: string | Uint8Array): RecipientFile | undefined {
  const found = isText(document) ? jsonOf(document) : undefined
  if (!isJsonObject(found) || !isText(found['url'])) return undefined
  const other = Object.keys(found).find((member) => !recipientMembers.has(member))
  if (other !== undefined) throw new UsageError(`recipient file: it has no member ${other}`)
  return found as unknown as RecipientFile
}

/** What is no JSON may still be a key. */
function jsonOf(text: string): unknown {
  try {
    return parseJson(text, { code: 'malformed', field: 'recipient file' })
  } catch {
    return undefined
  }
}

function fromRecipientFile(path: string, of: RecipientFile, use: Use): TrustedKeys {
  const { url, roots, pins, name, issuer } = of
  if (!isUrl(url)) throw new UsageError(`${path}: url: expected an https URL`)
  if ((roots === undefined) === (pins === undefined))
    throw new UsageError(`${path}: expected either roots or pins`)
  const trust = roots
    ? signedBy(roots, {
        ...(name !== undefined && { name }),
        ...(issuer !== undefined && { issuer }),
      })
    : pinned((pins ?? []).map((thumbprint) => ({ thumbprint, use })))
  const words = roots ? `signed by a root of ${path}` : `pinned in ${path}`
  return { keys: fetchKeySet(url, { trust, use }), source: url, trust: words }
}
