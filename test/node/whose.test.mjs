// Whose fault an error is, as the verbs of the companion say it, on what real calls fail with.
import test from 'node:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal, sealFields, sealStream, SealdropError } from 'sealdrop'
import * as companion from 'sealdrop/kms'
import {
  createOpener,
  createPublisher,
  createSigner,
  fileInventory,
  httpSource,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails, publicJwk } from '../support/host.js'
import { listen } from '../support/listen.mjs'
import { wrong } from '../support/types.mjs'

const context = { form: 'claim' }
const hour = 3_600_000
const local = await startLocalKms({
  keys: [
    { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
    { alias: 'alias/ed', spec: 'ECC_NIST_EDWARDS25519', usage: 'SIGN_VERIFY' },
  ],
})
test.after(() => local.close())
const kms = { ...local.clientConfig, maxAttempts: 1 }
const publishing = createPublisher({ kms, keys: [{ key: 'alias/claims' }, { key: 'alias/rsa' }] })
const { jwks } = await publishing.documents()
const keysTo = (alg) => importKeySet(jwks, { trust: inHand(), prefer: [alg] })
const keys = keysTo('ECDH-ES+A256KW')
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-whose-'))
test.after(() => rm(folder, { recursive: true }))

/** The plain object that the guide of errors names. */
const factsOf = (/** @type {any} */ error) => ({ ...error })

/** What comes out of a port that a value went into. */
const posted = (value) => {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port2.onmessage = ({ data }) => {
      port1.close()
      resolve(data)
    }
    port1.postMessage(value)
  })
}

/** Another character at a place of a part of a JWE, which goes on being base64url. */
function changed(jwe, part, at = 2) {
  const parts = jwe.split('.')
  const letters = [...parts[part]]
  letters[at] = letters[at] === 'A' ? 'B' : 'A'
  parts[part] = letters.join('')
  return parts.join('.')
}
const bytesOf = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer())
const sealedFile = async () =>
  bytesOf((await sealStream(keys, new Blob(['a file']), { context })).readable)

/** An opener, and what it told. */
function openerOf(t, o = {}) {
  const events = []
  const opener = createOpener({
    kms,
    keys: ['alias/claims', 'alias/rsa'],
    onEvent: (event) => events.push(event),
    ...o,
  })
  t.after(() => opener.close())
  return { opener, events }
}

/** Fails with a code by this fault, and the observer hears the same. */
async function blames(work, code, whose, events) {
  const error = await fails(assert, work, code)
  assert.equal(error.whose, whose, `${code}: ${error.message}`)
  assert.deepInclude(structuredClone(factsOf(error)), { code, whose, retryable: error.retryable })
  const last = events?.at(-1)
  if (events) assert.deepInclude(last, { event: 'failed', code, whose })
  return error
}

test('what came is the sender’s: malformed, too_large, rejected, expired, replayed', async (t) => {
  const { opener, events } = openerOf(t)
  const value = await seal(keys, 'x', { context })
  await blames(() => opener.open('not sealed', { context }), 'malformed', 'sender', events)
  const long = value.replace(/\.[^.]+\.([^.]+)$/, `.${'A'.repeat(4_000_000)}.$1`)
  await blames(() => opener.open(long, { context }), 'too_large', 'sender', events)
  const late = openerOf(t, { maxAge: hour, now: () => Date.now() + 3 * hour })
  await blames(() => late.opener.open(value, { context }), 'expired', 'sender', late.events)
  const used = new Set()
  const replay = { claim: async (id) => !used.has(id) && Boolean(used.add(id)) }
  const once = openerOf(t, { maxAge: hour, replay })
  await once.opener.open(value, { context })
  await blames(() => once.opener.open(value, { context }), 'replayed', 'sender', once.events)
  const fields = ['card']
  const record = { card: 'plaintext' }
  const plain = () => opener.openFields(wrong(record), { fields, context })
  await blames(plain, 'rejected', 'sender', events)
})

test('class B looks the same from outside: one code, one message, one whose', async (t) => {
  const { opener, events } = openerOf(t)
  const seen = new Set()
  for (const alg of ['ECDH-ES+A256KW', 'RSA-OAEP-256']) {
    const value = await seal(keysTo(alg), 'x', { context })
    // of RSA another first letter may be above the modulus, which public bytes decide
    for (const [part, at] of [
      [1, 9],
      [2, 2],
      [3, 0],
      [4, 3],
    ]) {
      const error = await blames(
        () => opener.open(changed(value, part, at), { context }),
        'rejected',
        'sender',
        events,
      )
      seen.add(JSON.stringify({ ...factsOf(error), message: error.message, event: events.at(-1) }))
    }
  }
  assert.equal(seen.size, 1, [...seen].join('\n'))
})

test('a file that was cut or changed after its header opened: the error of the stream says it too', async (t) => {
  const { opener, events } = openerOf(t)
  const file = await sealedFile()
  const frame = file.slice()
  frame.set([(frame.at(-1) ?? 0) ^ 1], frame.length - 1)
  for (const [bytes, code] of /** @type {const} */ ([
    [file.slice(0, -1), 'malformed'],
    [frame, 'rejected'],
  ])) {
    const { readable } = await opener.openStream(bytes, { context })
    await blames(() => bytesOf(readable), code, 'sender', events)
  }
})

test('in doubt it is the operator’s, so that nothing good is dropped', async (t) => {
  const { opener, events } = openerOf(t)
  const value = await seal(keys, 'x', { context })
  const other = importKeySet(publicJwk('P-256-enc'), { trust: inHand(), use: 'enc' })
  const foreign = await seal(other, 'x', { context })
  await blames(() => opener.open(foreign, { context }), 'key_not_found', 'operator', events)
  await blames(() => opener.open(value, { context: {} }), 'context_mismatch', 'operator', events)
  const misspelt = openerOf(t, { keys: ['alias/misspelt'] })
  await blames(() => misspelt.opener.open(value, { context }), 'key_unusable', 'operator')
  await blames(() => misspelt.opener.ready(), 'key_unusable', 'operator')
  const denied = openerOf(t, {
    kms: { ...kms, credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'not-the-secret' } },
  })
  await blames(() => denied.opener.open(value, { context }), 'kms_denied', 'operator')
  const admin = new KMSClient(local.clientConfig)
  t.after(() => admin.destroy())
  const KeyId = local.keys['alias/claims']
  await admin.send(new DisableKeyCommand({ KeyId }))
  await blames(() => opener.open(value, { context }), 'key_unusable', 'operator', events)
  await admin.send(new EnableKeyCommand({ KeyId }))
})

test('the same code of another’s fault: a damaged inventory, a stream under maxAge, a store that fails', async (t) => {
  const value = await seal(keys, 'x', { context })
  const damaged = join(folder, 'damaged')
  const store = fileInventory(damaged)
  await store.write({ version: 1, counter: 0, purposes: [], keys: [] })
  await writeFile(join(damaged, 'inventory-00000001.json'), '{')
  const names = { keys: store }
  await blames(() => openerOf(t, names).opener.open(value, { context }), 'malformed', 'operator')
  await blames(() => store.read(), 'malformed', 'operator')
  await blames(() => createPublisher({ kms, ...names }).documents(), 'malformed', 'operator')
  const mine = { read: async () => wrong({ inventory: 7, etag: '1' }), write: async () => {} }
  const { opener } = openerOf(t, { keys: mine })
  await blames(() => opener.open(value, { context }), 'malformed', 'operator')
  const aged = openerOf(t, { maxAge: hour })
  const file = await sealedFile()
  const streamed = () => aged.opener.openStream(file, { context })
  await blames(streamed, 'expired', 'operator', aged.events)
  const failing = {
    claim: async () => Promise.reject(new SealdropError('malformed', 'the table is damaged')),
  }
  const unkept = openerOf(t, { maxAge: hour, replay: failing })
  await blames(() => unkept.opener.open(value, { context }), 'malformed', 'operator')
})

test('throttled, unavailable and unreachable are the network’s', async (t) => {
  const { opener, events } = openerOf(t)
  await opener.ready()
  const value = await seal(keys, 'x', { context })
  for (const [kind, code] of /** @type {const} */ ([
    ['throttle', 'kms_throttled'],
    ['unavailable', 'kms_unavailable'],
  ])) {
    local.faults.add({ kind, operation: 'DeriveSharedSecret' })
    t.after(() => local.faults.clear())
    await blames(() => opener.open(value, { context }), code, 'network', events)
    local.faults.clear()
  }
  let status = 503
  const host = await listen(() => new Response('', { status }))
  t.after(() => host.close())
  await blames(() => httpSource(host.url), 'source_failed', 'network')
  status = 404
  await blames(() => httpSource(host.url), 'source_failed', 'operator')
})

test('what the program did is the caller’s: wrong arguments, closed, too much to sign', async (t) => {
  const { opener, events } = openerOf(t)
  const value = await seal(keys, 'x', { context })
  await blames(() => opener.open(value, wrong({})), 'invalid_argument', 'caller', events)
  await blames(() => opener.openStream(wrong(7), { context }), 'invalid_argument', 'caller')
  await opener.close()
  await blames(() => opener.open(value, { context }), 'closed', 'caller')
  const signer = createSigner({ kms, key: 'alias/ed' })
  t.after(() => signer.close())
  await blames(() => signer.sign(new Uint8Array(9_000)), 'too_large', 'caller')
  await signer.close()
  await blames(() => signer.ready(), 'closed', 'caller')
})

test('each verb of the companion says that a wrong argument is the caller’s', async () => {
  const verbs = Object.entries(companion)
  assert.isAtLeast(verbs.length, 19)
  for (const [, verb] of verbs)
    await blames(async () => /** @type {Function} */ (verb)(7), 'invalid_argument', 'caller')
})

test('an error that says it already keeps it; what is no SealdropError stays as it is', async (t) => {
  const value = await seal(keys, 'x', { context })
  const said = new SealdropError('source_failed', 'the disk is gone', { whose: 'caller' })
  const store = { read: async () => Promise.reject(said), write: async () => {} }
  await blames(
    () => openerOf(t, { keys: store }).opener.open(value, { context }),
    said.code,
    'caller',
  )
  const frozen = Object.freeze(new SealdropError('conflict', 'in use'))
  const kept = { read: async () => Promise.reject(frozen), write: async () => {} }
  const told = openerOf(t, { keys: kept })
  assert.equal(await told.opener.open(value, { context }).catch((error) => error), frozen)
  assert.deepInclude(told.events.at(-1), { code: 'conflict', whose: 'operator' })
  const reason = new Error('mine')
  const { opener } = openerOf(t)
  const aborted = opener.open(value, { context, signal: AbortSignal.abort(reason) })
  assert.equal(await aborted.catch((error) => error), reason)
  assert.notProperty(reason, 'whose')
})

test('fields: a field of another record is the operator’s, a changed one the sender’s', async (t) => {
  const { opener, events } = openerOf(t)
  const options = { fields: ['card'], context }
  const record = await sealFields(keys, { card: '4111' }, options)
  const moved = () => opener.openFields({ other: record.card }, { fields: ['other'], context })
  await blames(moved, 'context_mismatch', 'operator', events)
  const forged = { card: changed(String(record.card), 3, 0) }
  await blames(() => opener.openFields(wrong(forged), options), 'rejected', 'sender', events)
})

test('{ ...error } goes through a port with code, whose and retryable; the error itself loses them', async (t) => {
  const { opener } = openerOf(t)
  const error = await fails(assert, opener.open('not sealed', { context }), 'malformed')
  const facts = { name: 'SealdropError', code: 'malformed', retryable: false, whose: 'sender' }
  assert.deepEqual(await posted(factsOf(error)), facts)
  assert.notProperty(await posted(error), 'code')
})
