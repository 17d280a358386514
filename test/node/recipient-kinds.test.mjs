// A kind of recipient is one file, and a line in the table of each verb. A made-up kind is added in
// this way to a copy of `src/`: it seals and opens, and no verb's bundle holds another verb's code.
// It uses a KMS operation that other kinds have. One that is new has more places (CONTRIBUTING.md).
import test from 'node:test'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert } from 'chai'
import * as jose from 'jose'
import { bundleOf } from '../../bench/bundle.mjs'
import { fails } from '../support/host.js'
import { collect, pattern } from '../support/sources.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const kind = 'MADE-UP-KEM'
const arn = 'arn:aws:kms:eu-central-1:111122223333:key/made-up'

/** What the kind is: its name, its JWK, its lengths. */
const kindItself = [
  [
    'algorithms/public-key.ts',
    'export interface RecipientMembers {',
    `  readonly '${kind}': { readonly kty: 'AKP'; readonly alg: string; readonly pub: Base64url }`,
  ],
  ['algorithms/public-key.ts', "  'OKP Ed25519':", `  'AKP ${kind}': { pub: [32] },`, 'before'],
]
/** A line in each table: the file, what stands before it, and the line. */
const lines = [
  ['algorithms/key-wraps.ts', 'export type KeyWrapName =', `  '${kind}' |`],
  [
    'algorithms/key-wraps.ts',
    'export const keyWraps: Readonly<Record<KeyWrapName, KeyWrapRow>> = {',
    `  '${kind}': { kind: '${kind}', kms: 'ECDH', encryptedKey: 40, spec: 'made up' },`,
  ],
  [
    'algorithms/key-wraps.ts',
    'const seals: Readonly<Record<RecipientKind, KeyWrapName>> = {',
    `  '${kind}': '${kind}',`,
  ],
  [
    'algorithms/data-key-providers.ts',
    'export const dataKeyProviders = {',
    `'${kind}': 'made-up-kem',`,
  ],
  [
    'algorithms/data-key-providers.ts',
    'export const isNamedByArn: Readonly<Record<RecipientKind, boolean>> = {',
    `'${kind}': false,`,
  ],
  [
    'algorithms/kms-key-specs.ts',
    'export const recipientUses: Readonly<Record<RecipientKind, RecipientUse>> = {',
    `  '${kind}': { usage: 'KEY_AGREEMENT', specs: {} },`,
  ],
  ['envelope/import-recipient.ts', 'ImportKey<Kind> } = {', `  '${kind}': madeUp.importKey,`],
  ['envelope/wrap-value-key.ts', 'WrapValueKey<Kind> } = {', `  '${kind}': madeUp.wrapValueKey,`],
  [
    'envelope/wrap-message-key.ts',
    'WrapMessageKey<Kind> } = {',
    `  '${kind}': madeUp.wrapMessageKey,`,
  ],
  ['envelope/recipient-name.ts', 'RecipientName>> = {', "  'made-up-kem': madeUp.recipientName,"],
  ['envelope/open-recipient.ts', 'Opening<Kind> } = {', `  '${kind}': madeUp,`],
  [
    'kms/inventory/published-jwk.ts',
    'const keyOps: Readonly<Record<RecipientKind, readonly string[] | undefined>> = {',
    `  '${kind}': undefined,`,
  ],
]

const folder = await mkdtemp(join(await built(), 'recipient-kinds-'))
test.after(() => rm(folder, { recursive: true }))

async function built() {
  const path = join(root, '.build')
  await mkdir(path, { recursive: true })
  return path
}

/**
 * Puts a line behind a text that stands once in a file, or before it.
 *
 * @param {readonly string[]} line
 */
async function addLine([file = '', text = '', line, where = 'behind']) {
  const path = join(folder, 'src', file)
  const code = await readFile(path, 'utf8')
  const parts = code.split(text)
  assert.lengthOf(parts, 2, `${file}: ${text}`)
  await writeFile(path, parts.join(where === 'before' ? `${line}\n${text}` : `${text}\n${line}\n`))
}

async function addImport(file) {
  const path = join(folder, 'src', file)
  const code = await readFile(path, 'utf8')
  await writeFile(path, `import * as madeUp from './recipients/made-up.js'\n${code}`)
}

/** @returns the files of `src/` that do not compile */
async function compile() {
  const output = await new Promise((resolve) => {
    const command = join(root, 'node_modules/.bin/tsc')
    execFile(process.execPath, [command, '-b'], { cwd: folder }, (_error, stdout) =>
      resolve(stdout),
    )
  })
  return [...new Set([...output.matchAll(/^src\/(\S+?)\(/gm)].map(([, file]) => file))]
}

test('a kind without its lines does not compile, in just the files of the tables', async () => {
  for (const name of ['src', 'tsconfig.json', 'package.json'])
    await cp(join(root, name), join(folder, name), { recursive: true })
  assert.deepEqual(await compile(), [], 'the copy itself')
  for (const line of kindItself) await addLine(line)
  const incomplete = await compile()
  assert.sameMembers(incomplete, [...new Set(lines.map(([file]) => file))])
})

/** @returns a module of the copy */
const room = (path) => import(pathToFileURL(join(folder, 'dist', path)).href)

/** The doors of the copy, a key of the made-up kind, and what opens with it. */
async function world() {
  const { subtle } = crypto
  const pair = /** @type {CryptoKeyPair} */ (
    await subtle.generateKey('X25519', true, ['deriveBits'])
  )
  const pub = jose.base64url.encode(new Uint8Array(await subtle.exportKey('raw', pair.publicKey)))
  const jwk = { kty: 'AKP', alg: kind, pub }
  const calls = []
  const agree = async (name, sender) => {
    calls.push(name)
    const from = await subtle.importKey('raw', sender, 'X25519', false, [])
    const algorithm = { name: 'X25519', public: from }
    return new Uint8Array(await subtle.deriveBits(algorithm, pair.privateKey, 256))
  }
  const { noCache } = await room('open/data-keys.js')
  const { thumbprintOf } = await room('keys/key.js')
  const { ValueOpener } = await room('open/value-opener.js')
  const { StreamOpener } = await room('open/stream-opener.js')
  const info = { thumbprint: await thumbprintOf(jwk), alg: kind, use: 'enc', arn }
  const parts = {
    keys: { find: async (fits) => [{ arn, jwk, info }].filter(fits) },
    operations: { agree },
    cache: noCache,
    now: Date.now,
  }
  const door = await room('doors/index.js')
  return { door, opener: new ValueOpener(parts), streams: new StreamOpener(parts), jwk, calls }
}

test('with one file and these lines it compiles, and is sealed to and opened', async () => {
  const file = 'src/envelope/recipients/made-up.ts'
  await cp(new URL('../support/made-up-kind/made-up.ts', import.meta.url), join(folder, file))
  for (const line of lines) await addLine(line)
  const tables = lines.map(([table]) => table).filter((table) => table.startsWith('envelope/'))
  for (const table of tables) await addImport(table)
  assert.deepEqual(await compile(), [])
  const { door, opener, streams, jwk, calls } = await world()

  const keys = door.importKeySet({ keys: [{ ...jwk, use: 'enc' }] }, { trust: door.inHand() })
  const [info] = await keys.list()
  assert.deepInclude(info, { alg: kind, use: 'enc' })
  const value = await door.seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
  assert.deepEqual((await door.inspect(value)).recipients, [info?.thumbprint])
  const opened = await opener.open(value, { context: { order: '7' } })
  assert.deepEqual(opened.json(), { iban: 'DE02' })

  const plaintext = pattern(100_000)
  const sealed = await door.sealStream(keys, new Blob([plaintext]), { context: {} })
  const message = await collect(sealed.readable)
  assert.deepEqual((await door.inspect(new Blob([message]))).recipients, [jwk.pub])
  const { readable } = await streams.openStream(new Blob([message]), { context: {} })
  assert.deepEqual(await collect(readable), plaintext)
  assert.deepEqual(calls, [arn, arn])
})

test('what was changed is rejected, and a key of another kind is not taken', async () => {
  const { door, opener, jwk } = await world()
  const keys = door.importKeySet({ keys: [{ ...jwk, use: 'enc' }] }, { trust: door.inHand() })
  const value = await door.seal(keys, 'secret', { context: {} })
  const parts = value.split('.')
  const changed = parts.with(1, `${parts[1]?.startsWith('A') ? 'B' : 'A'}${parts[1]?.slice(1)}`)
  await fails(assert, () => opener.open(changed.join('.'), { context: {} }), 'rejected')
  const other = { ...jwk, alg: 'ML-DSA-44', use: 'enc' }
  await fails(
    assert,
    () => door.importKeySet({ keys: [other] }, { trust: door.inHand() }).ready(),
    'no_usable_key',
  )
})

test('a bundle holds its own verb of the kind only', async () => {
  const found = await Promise.all(
    ['seal', 'sealStream', 'inspect', 'verify'].map(async (verb) => [verb, await namesIn(verb)]),
  )
  assert.deepEqual(Object.fromEntries(found), {
    seal: ['made-up import', 'made-up wrap of values'],
    sealStream: ['made-up import', 'made-up messages'],
    inspect: ['made-up import'],
    verify: ['made-up import'],
  })
})

/** What the functions of the made-up file call themselves, in the bundle of a verb. */
async function namesIn(verb) {
  const door = JSON.stringify(join(folder, 'dist/doors/index.js'))
  const { code = '' } = await bundleOf(`export { importKeySet, ${verb} } from ${door}`)
  return [...new Set(code.match(/made-up [\w ]+/g) ?? [])].sort()
}
