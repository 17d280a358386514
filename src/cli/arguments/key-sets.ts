import { readFile } from 'node:fs/promises'
import { concat } from '../../bytes/bytes.js'
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
import type { SetStore } from '../../doors/fs.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, isText, parseJson } from '../../formats/json.js'
import { checkNamedFile } from '../config/config-file.js'
import { keptSets, setsFolder } from '../config/kept-sets.js'
import { isPipe, pipeToRead } from '../data/pipes.js'
import { UsageError } from '../exit-codes.js'
import { mlDsaWhereMissing } from './ml-dsa.js'
import type { KeyArgument } from './recipients.js'

/** A key set, and what is told of why it is believed. */
export interface TrustedKeys {
  readonly keys: KeySet
  readonly source: string
  /** In words, such as `signed by root.json`. */
  readonly trust: string
}

/** What keys are for. Undefined takes keys of both uses, each as it says itself. */
export type Use = 'enc' | 'sig' | undefined
const told = (use: Use): { readonly use?: 'enc' | 'sig' } => (use === undefined ? {} : { use })
const providers = [mlDsaWhereMissing]
export const isUrl = (source: string): boolean => /^https?:\/\//i.test(source)

/** Reads the keys that a command line names. @throws UsageError, SealdropError `source_failed` */
export async function keySetOf(given: KeyArgument, use: Use): Promise<TrustedKeys> {
  if (given.source.startsWith('@')) return fromName(given, use)
  if (isUrl(given.source)) return fromUrl(given, use)
  const document = asDocument(await bytesOfKey(given))
  const recipient = recipientOf(document)
  if (!recipient) return fromFile(given, document, use)
  if (hasTrust(given))
    throw new UsageError(`${given.source}: a recipient file says itself why it is believed`)
  return fromRecipientFile(given, recipient, use)
}

/** A recipient of the configuration. It says itself why it is believed, as a recipient file does. */
async function fromName(given: KeyArgument, use: Use): Promise<TrustedKeys> {
  const { source: at, settings, isForgetful } = given
  if (hasTrust(given) || given.arn !== undefined)
    throw new UsageError(`${at}: the configuration says itself why it is believed`)
  if (!settings) throw new UsageError(`${at}: expected a configuration that names it`)
  const { url, file, roots, pins, name, issuer, arn, source } = settings.recipient(at.slice(1))
  for (const path of [...(file === undefined ? [] : [file]), ...(roots ?? [])]) checkNamedFile(path)
  const found = await keySetOf(
    {
      source: url ?? file ?? '',
      roots: [...(roots ?? [])],
      pins: [...(pins ?? [])],
      settings,
      ...(name !== undefined && { name }),
      ...(issuer !== undefined && { issuer }),
      ...(arn !== undefined && { arn }),
      ...(isForgetful && { isForgetful }),
    },
    use,
  )
  return { ...found, source: `${at} of ${source}: ${found.source}` }
}

/** Where signed sets are remembered, and what is told where they are not. */
interface Memory {
  readonly store?: SetStore
  readonly words: string
}

/** Where signed sets are remembered, so that an older one is not believed in the next run. */
async function memoryOf({ settings, isForgetful }: KeyArgument): Promise<Memory> {
  const folder = isForgetful || !settings ? 'none' : setsFolder(settings).value
  return folder === 'none'
    ? { words: ', and not remembered' }
    : { store: await keptSets(folder), words: '' }
}

/** Whether flags say why a key is believed. */
export const hasTrust = ({ roots, pins, name, issuer, isTrustedByHttps }: KeyArgument): boolean =>
  roots.length + pins.length > 0 || [name, issuer, isTrustedByHttps].some((it) => it !== undefined)

/** The longest set of keys that comes from a pipe, in bytes. */
const longestKeys = 2 ** 24

/** The bytes of a file. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (await isPipe(path)) return await bytesOfPipe(path)
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new SealdropError('source_failed', `${path}: it cannot be read: ${code}`, { cause })
  }
}

async function bytesOfPipe(path: string): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array()
  for await (const chunk of await pipeToRead(path)) {
    bytes = concat(bytes, chunk as Uint8Array<ArrayBuffer>)
    if (bytes.length > longestKeys)
      throw new SealdropError('too_large', `${path}: expected at most ${longestKeys} bytes`)
  }
  return bytes
}

/** The bytes of a key's file, which are read once. */
export function bytesOfKey(given: KeyArgument): Promise<Uint8Array<ArrayBuffer>> {
  given.bytes ??= readBytes(given.source)
  return given.bytes
}

/** A document as text, and as bytes where it is none. */
const asDocument = (bytes: Uint8Array<ArrayBuffer>): string | Uint8Array<ArrayBuffer> =>
  fromUtf8(bytes) ?? bytes

/** Reads a file that holds keys. */
export const readDocument = async (path: string): Promise<string | Uint8Array<ArrayBuffer>> =>
  asDocument(await readBytes(path))

/** Why a document is believed, by the flags behind it; undefined where none says so. */
export async function trustOf(
  given: KeyArgument,
  use: Use,
): Promise<readonly [Trust, string] | undefined> {
  const { roots, pins, name, issuer, arn, isTrustedByHttps } = given
  const ways = [roots.length > 0, pins.length > 0, isTrustedByHttps === true].filter(Boolean).length
  if (ways > 1)
    throw new UsageError(`${given.source}: --root, --pin and --trust-https exclude each other`)
  if (roots.length === 0 && (name !== undefined || issuer !== undefined))
    throw new UsageError(`${given.source}: --set-name and --issuer need a --root`)
  if (roots.length > 0) return signedByFiles(given)
  if (pins.length > 0) {
    if (arn !== undefined && pins.length > 1)
      throw new UsageError(`${given.source}: --arn needs exactly one --pin`)
    return [
      pinned(pins.map((thumbprint) => ({ thumbprint, ...told(use), arn }))),
      `pinned ${pins.join(', ')}`,
    ]
  }
  return isTrustedByHttps && [overHttps(), 'whoever serves it over https']
}

async function signedByFiles(given: KeyArgument): Promise<readonly [Trust, string]> {
  const { roots, name, issuer } = given
  const jwks = (await Promise.all(roots.map(rootsOf))).flat()
  const { store, words } = await memoryOf(given)
  const trust = signedBy(jwks, {
    providers,
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer }),
    ...(store && { store }),
  })
  return [trust, `signed by ${roots.join(', ')}${words}`]
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
  const keys = fetchKeySet(source, { trust: trust[0], ...told(use), providers })
  return { keys, source, trust: trust[1] }
}

/** A compact JWS. */
const isSigned = (document: string | Uint8Array): boolean =>
  isText(document) && /^\s*[\w-]+\.[\w-]+\.[\w-]+\s*$/.test(document)

async function fromFile(
  given: KeyArgument,
  document: string | Uint8Array<ArrayBuffer>,
  use: Use,
): Promise<TrustedKeys> {
  const { source, arn } = given
  if (given.isTrustedByHttps) throw new UsageError(`${source}: --trust-https is for URLs`)
  if (document.length === 0)
    throw new SealdropError('keys_malformed', `${source}: it is empty, and holds no key`)
  const said = await trustOf(given, use)
  if (!said && isSigned(document))
    throw new UsageError(
      `${source}: this set is signed: --root FILE names the root that must have signed it`,
    )
  const [trust, words] = said ?? [inHand(), 'in hand']
  const how = { trust, ...told(use), providers, ...(arn !== undefined && { arn }) }
  const keys = importKeySet(document, how)
  return { keys, source, trust: words }
}

/** What `sealdrop keys show --as recipient` writes. */
export interface RecipientFile {
  readonly url: string
  readonly roots?: readonly JWK[]
  readonly pins?: readonly string[]
  readonly name?: string
  readonly issuer?: string
}

const recipientMembers = new Set(['url', 'roots', 'pins', 'name', 'issuer'])

/** What a recipient file says; undefined where this is a key or a set. */
export function recipientOf(document: string | Uint8Array): RecipientFile | undefined {
  const found = isText(document) ? jsonOf(document) : undefined
  if (!isJsonObject(found) || !isText(found['url'])) return undefined
  const other = Object.keys(found).find((member) => !recipientMembers.has(member))
  if (other !== undefined) throw new UsageError(`recipient file: it has no member ${other}`)
  const { pins } = found
  if (pins !== undefined && !(Array.isArray(pins) && pins.every(isText)))
    throw new UsageError('recipient file: pins: expected a list of thumbprints')
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

async function fromRecipientFile(
  given: KeyArgument,
  of: RecipientFile,
  use: Use,
): Promise<TrustedKeys> {
  const { source: path } = given
  if (!isUrl(of.url)) throw new UsageError(`${path}: url: expected an https URL`)
  const [trust, words] = recipientTrust(path, of, use, of.roots && (await memoryOf(given)))
  const keys = fetchKeySet(of.url, { trust, ...told(use), providers })
  return { keys, source: of.url, trust: words }
}

/** Why a recipient file says that keys are believed. A receipt file remembers no set. */
export function recipientTrust(
  path: string,
  { roots, pins, name, issuer }: RecipientFile,
  use: Use,
  { store, words }: Memory = { words: '' },
): readonly [Trust, string] {
  if ((roots === undefined) === (pins === undefined))
    throw new UsageError(`${path}: expected either roots or pins`)
  if (!roots)
    return [
      pinned((pins ?? []).map((thumbprint) => ({ thumbprint, ...told(use) }))),
      `pinned in ${path}`,
    ]
  const trust = signedBy(roots, {
    providers,
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer }),
    ...(store && { store }),
  })
  return [trust, `signed by a root of ${path}${words}`]
}
