// docs/formats/*.md: each example is read by the code, what the code writes has the members of the
// tables, and an example is what its page says.
import test from 'node:test'
import { createCipheriv, createPrivateKey } from 'node:crypto'
import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { compactDecrypt, importJWK } from 'jose'
import {
  importKeySet,
  inHand,
  inspect,
  isSealdropError,
  seal,
  signedBy,
  verifyReceipt,
  verifyStream,
} from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { nameBytes } from '#dist/formats/sealed-name.js'
import { readSession, writeSession } from '#dist/s3/session.js'
import { verifyDropLink } from '#dist/verify/drop-link.js'
import { partsAtOnce, uploadBody, uploadStatuses, uploadType } from '#dist/upload/protocol.js'
import { fails } from '../support/host.js'
import { clientOf } from '../local-kms/helpers.mjs'
import { importInto } from '../local-kms/importing.mjs'
import { datedCompany } from '../support/dated-company.mjs'
import { documentAt, root } from '../support/documents.mjs'
import { present } from '../support/types.mjs'

const pages = new Map(
  globSync('docs/formats/*.md', { cwd: root.pathname })
    .sort()
    .map((path) => [path.slice('docs/formats/'.length, -'.md'.length), documentAt(path)]),
)
const page = (name) => {
  const found = pages.get(name)
  if (!found) throw new Error(`docs/formats/${name}.md is not there`)
  return found
}
/** The blocks of a page, in their order, without their last line end. */
const blocksOf = (name) => page(name).blocks.map(({ code }) => code.trimEnd())
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString())
const part = (compact, index) => decoded(compact.split('\n')[0].split('.')[index])

/** The members that the first column of the tables of a page names, below a heading if one is given. */
function membersIn(name, heading = '') {
  const { text } = page(name)
  const below = text.slice(text.indexOf(heading))
  const [section] = heading ? below.slice(2).split(/^## /m) : [below]
  const cells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, member]) => member))
}

const assertNamed = (object, members) => assert.includeMembers(members, Object.keys(object))

const context = { form: 'claim' }

/** A KMS that has the private key of the examples. */
async function kmsWith(t, jwk) {
  const local = await startLocalKms()
  t.after(() => local.close())
  const kms = clientOf(local)
  const input = { Origin: 'EXTERNAL', KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
  const { Arn } = (await kms('CreateKey', input)).KeyMetadata
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  await importInto(kms, Arn, key.export({ type: 'pkcs8', format: 'der' }))
  return createOpener({ kms: local.clientConfig, keys: [Arn] })
}

test('there is a page for each format, and the first one lists them', () => {
  const { text } = page('README')
  const listed = [...text.matchAll(/^\| \[([\w-]+)\.md\]/gm)].map(([, name]) => name)
  assert.sameMembers(['README', ...listed], [...pages.keys()])
})

test('a value: the example opens here and with jose, and what is sealed has its members', async (t) => {
  const [key, header, value, plaintext] = blocksOf('value')
  assert.deepEqual(part(value, 0), JSON.parse(header))
  const opener = await kmsWith(t, JSON.parse(key))
  const opened = await opener.open(value, { context })
  assert.deepEqual(opened.json(), JSON.parse(plaintext))
  const byJose = await compactDecrypt(value, await importJWK(JSON.parse(key), 'ECDH-ES+A256KW'))
  assert.equal(Buffer.from(byJose.plaintext).toString(), plaintext.padEnd(64))

  const { d: _d, ...members } = JSON.parse(key)
  const keys = importKeySet(JSON.stringify(members), { trust: inHand(), use: 'enc' })
  const made = await seal(keys, { iban: 'DE02' }, { context })
  assert.sameMembers(Object.keys(part(made, 0)), Object.keys(JSON.parse(header)))
  assertNamed(part(made, 0), membersIn('value', '## Header'))
  const [, encryptedKey, iv, , tag] = made.split('.').map((text) => Buffer.from(text, 'base64url'))
  assert.deepEqual([encryptedKey.length, iv.length, tag.length], [40, 12, 16])
})

test('a message: the fields of the example are a message that opens', async (t) => {
  const [fields] = blocksOf('message-format')
  const lines = fields.split('\n')
  const hex = lines.map((line) => line.split('  ')[0])
  const message = Buffer.from(hex.join(''), 'hex')
  assert.equal(message.length * 2, hex.join('').length)
  const opener = await kmsWith(t, JSON.parse(blocksOf('value')[0]))
  const { readable } = await opener.openStream(message, { context })
  assert.equal(await new Response(readable).text(), 'a file')
  const { kind, messageId, length } = await inspect(message)
  assert.deepEqual([kind, length], ['stream', message.length])
  assert.equal(Buffer.from(messageId ?? '', 'base64url').toString('hex'), hex[2])
})

test('a sealed name: the example is a name of the message, for each verb that opens it', async (t) => {
  const [fields, , , sealedName, json] = blocksOf('message-format')
  const message = Buffer.from(fields.replace(/ {2}.*\n?/g, ''), 'hex')
  const opener = await kmsWith(t, JSON.parse(blocksOf('value')[0]))
  const o = { context, sealedName }
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-names-'))
  t.after(() => rm(folder, { recursive: true }))
  const [input, output] = ['sealed', 'opened'].map((name) => join(folder, name))
  await writeFile(input, message)
  const opened = [
    await opener.openStream(message, o),
    await opener.openRange(new Blob([message]), 0, 2, o),
    await opener.openFile(input, output, o),
  ]
  for (const { name } of opened) assert.deepEqual(name, JSON.parse(json))
  const without = await opener.openFile(input, output, { context, sealedName: sealedName.slice(4) })
  assert.notProperty(without, 'name')
  assert.equal(await readFile(output, 'utf8'), 'a file')
})

test('a sealed name: the parts of the example are what node:crypto makes of its plaintext', () => {
  const [fields, key, parts, text, json] = blocksOf('message-format')
  const id = Buffer.from(fields.split('\n')[2].split('  ')[0], 'hex')
  const [iv, ciphertext, tag] = parts
    .split('\n')
    .map((line) => Buffer.from(line.split(' ')[0], 'hex'))
  assert.equal(iv.subarray(0, 4).toString(), 'name')
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), iv)
  cipher.setAAD(Buffer.concat([Buffer.from('sealdrop name 1'), id]))
  const sealed = Buffer.concat([cipher.update(json.padEnd(128)), cipher.final()])
  assert.deepEqual([sealed, cipher.getAuthTag()], [ciphertext, tag])
  assert.equal(Buffer.concat([iv, ciphertext, tag]).toString('base64url'), text)
  assert.equal(Buffer.from(nameBytes(JSON.parse(json))).toString(), json.padEnd(128))
})

const material = ['kty', 'n', 'e', 'crv', 'x', 'y', 'pub']
const setOf = (jwk) => importKeySet(JSON.stringify(jwk), { trust: inHand() })

test('a receipt: the example verifies, and what is signed has its members', async () => {
  const [key, payload, receipt] = blocksOf('receipt')
  const sent = JSON.parse(payload)
  assert.deepEqual(part(receipt, 1), sent)
  const verified = await verifyReceipt(setOf(JSON.parse(key)), receipt, { sent })
  assert.equal(verified.stage, 'opened')
  assertNamed(sent, membersIn('receipt'))
  assertNamed(part(receipt, 0), ['alg', 'kid', 'typ'])
  assert.equal(part(receipt, 0).typ, 'sealdrop-receipt+jwt')
})

test('a file signature: the example verifies its file, and no other', async () => {
  const [key, payload, text, signature] = blocksOf('file-signature')
  assert.deepEqual(part(signature, 1), JSON.parse(payload))
  const verify = (content) =>
    verifyStream(setOf(JSON.parse(key)), signature, new Blob([content]), { context })
  const { readable } = await verify(text)
  assert.equal(await new Response(readable).text(), text)
  const { readable: other } = await verify(text.replace('a', 'b'))
  const error = await new Response(other).text().catch((reason) => reason)
  assert.isTrue(isSealdropError(error), String(error))
  assertNamed(JSON.parse(payload), membersIn('file-signature', '## Payload'))
})

/** The set of a signed document, at the time when it was signed. */
const signedSet = (rootJwk, jws, o = {}) =>
  importKeySet(jws, { trust: signedBy([rootJwk], o), now: () => part(jws, 1).iat * 1000 })

test('a key set: the example is believed for its root, and its rows are as the table says', async () => {
  const [rootJwk, jwks, signed] = blocksOf('key-set').map((block) =>
    block.startsWith('{') ? JSON.parse(block) : block,
  )
  const claims = part(signed, 1)
  assert.deepEqual(claims.keys, jwks.keys)
  assertNamed(claims, membersIn('key-set', '## Signed'))
  for (const row of jwks.keys) assertNamed(row, [...material, ...membersIn('key-set', '## A row')])
  const listed = await signedSet(rootJwk, signed).list()
  assert.sameMembers(
    listed.map(({ thumbprint }) => thumbprint),
    jwks.keys.map(({ kid }) => kid),
  )
  const asHistory = await signedSet(rootJwk, signed, { history: true })
    .list()
    .catch(({ code }) => code)
  assert.equal(asHistory, 'keys_untrusted', 'a set does not pass for a history')
})

test('a history: the example is believed as a history only, and says what was taken back', async () => {
  const [claims, signed] = blocksOf('history')
  assert.deepEqual(part(signed, 1), JSON.parse(claims))
  assert.equal(part(signed, 0).typ, 'jwk-set-history+jwt')
  const rootJwk = JSON.parse(blocksOf('key-set')[0])
  assert.isNotEmpty(await signedSet(rootJwk, signed, { history: true }).list())
  const asSet = await signedSet(rootJwk, signed)
    .list()
    .catch(({ code }) => code)
  assert.equal(asSet, 'keys_untrusted', 'a history does not pass for a set')
  const { keys, sub } = JSON.parse(claims)
  assert.equal(sub, 'history')
  assert.isTrue(keys.every(({ use }) => use === 'sig'))
  assert.equal(keys.find(({ revoked }) => revoked)?.revoked.reason, 'compromised')
})

test('what a publisher and a signer make has the members of the examples', async (t) => {
  const company = await datedCompany(t)
  const { kms, store, root: rootKey, now } = company
  const sets = [false, true].map((history) =>
    createPublisher({ kms, keys: store, root: rootKey, now, history }).documents(),
  )
  const rows = [...material, ...membersIn('key-set', '## A row')]
  for (const { jws } of await Promise.all(sets)) {
    const claims = part(present(jws), 1)
    assert.sameMembers(Object.keys(claims), membersIn('key-set', '## Signed'))
    for (const row of claims.keys) assertNamed(row, rows)
  }
  const signer = createSigner({ kms, key: present(company.stored('receipts')?.arns?.[0]), now })
  const { messageId, digest, length, ctx } = JSON.parse(blocksOf('receipt')[1])
  const of = { messageId, digest, length, context: ctx }
  const receipt = await signer.signReceipt({ ...of, stage: 'opened' })
  assert.sameMembers(Object.keys(part(receipt, 1)), Object.keys(JSON.parse(blocksOf('receipt')[1])))
  const names = { name: 'claim.txt', mediaType: 'text/plain', context }
  const [, payload, text] = blocksOf('file-signature')
  const signature = await signer.signFile(new Blob([text]), names)
  assert.sameMembers(Object.keys(part(signature, 1)), Object.keys(JSON.parse(payload)))
  assert.equal(part(signature, 1).digest, JSON.parse(payload).digest)
})

test('an upload: the example is a session under its secret, in the order of the table, and under no other', async () => {
  const [secret, fields, token] = blocksOf('upload')
  const session = JSON.parse(fields)
  const bytes = new TextEncoder().encode(secret)
  assert.deepEqual(readSession(token, [bytes.map(() => 1), bytes]), session)
  assert.equal(writeSession(session, bytes), token)
  assert.deepEqual(Object.keys(session), membersIn('upload', '## Session'))
  await fails(assert, () => readSession(token, [bytes.map(() => 1)]), 'rejected')
})

test('a link: the example verifies for its handler, and what is signed has its members', async () => {
  const [, , , key, payload, token] = blocksOf('upload')
  const claims = JSON.parse(payload)
  const { aud: audience, iat } = claims
  assert.deepEqual(part(token, 1), claims)
  const keys = setOf(JSON.parse(key))
  const found = await verifyDropLink(keys, token, { audience, now: iat * 1000 })
  assert.deepEqual({ ...found }, claims)
  assertNamed(claims, membersIn('upload', '## Links'))
  assert.deepEqual(
    [part(token, 0).typ, Object.keys(part(token, 0)).length],
    ['sealdrop-drop+jwt', 3],
  )
})

test('an upload: the tables name the verbs with their members, and every code with its status', () => {
  const { text } = page('upload')
  for (const [status, code] of uploadStatuses)
    assert.match(text, new RegExp(`^\\| .*\\b${status}\\b.* \\| .*\`${code}\``, 'm'), code)
  assert.include(text, uploadType)
  for (const name of [uploadBody, partsAtOnce.sign, partsAtOnce.list])
    assert.include(text, name.toLocaleString('en'))
})
