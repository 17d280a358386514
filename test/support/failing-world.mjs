// Everything that is handed to Sealdrop and can fail: hosts, stores, sources, clients, functions.
// A world has each of them once, and every verb is called with it.
import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import * as door from 'sealdrop'
import * as kms from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { claims, emptyInventory, memoryStore, receipts } from './inventories.mjs'
import { present, wrong } from './types.mjs'

const url = 'https://keys.example/keys.json'
const context = { order: '7' }
/** A key that was just made is not sealed to for 15 minutes. */
const later = () => Date.now() + 3_600_000
const tokens = { ...receipts, name: 'tokens', alias: 'alias/tokens' }

const text = JSON.stringify(emptyInventory())
const past = '2020-01-01T00:00:00.000Z'
const dates = { retired: past, keepUntil: past, disabled: past, deletes: past }
const file = new TextEncoder().encode('a file')

/** A FileRecords in memory. */
function memoryRecords() {
  const held = new Map()
  return {
    create: async (id, start) => void held.set(id, { start, tags: new Map() }),
    append: async (id, frames) => frames.forEach(([i, tag]) => held.get(id).tags.set(i, tag)),
    load: async (id) => held.get(id),
    remove: async (id) => void held.delete(id),
  }
}

/** A byte source over bytes. */
const sourceOf = (bytes) => ({
  size: bytes.length,
  read: async (start, end) => bytes.slice(start, end),
  version: async () => '1',
})

/** A company with a local KMS, and what it and its partners sealed and signed. */
export async function companyThatWorks() {
  const local = await startLocalKms({
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const client = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
  const store = memoryStore(emptyInventory(claims, tokens))
  const plan = () => kms.planRotation(store.now(), { now: new Date(), every: 'P90D' })
  await kms.applyRotation(plan(), { kms: client, store })
  const o = { kms: client, keys: store, root: 'alias/root' }
  const { jwks, jws } = await kms.createPublisher(o).documents()
  const keys = door.importKeySet(jwks, { trust: door.inHand(), now: later })
  const signer = kms.createSigner({ kms: client, key: 'alias/tokens' })
  const message = new TextEncoder().encode('a message')
  const old = await kms.createPublisher({ ...o, history: true }).documents()
  const { kid: current = '' } = await kms.publicJwk({ kms: client, key: 'alias/tokens' })
  const { Signature: signature } = await client.send(
    new SignCommand({ KeyId: 'alias/tokens', Message: message, SigningAlgorithm: 'ECDSA_SHA_256' }),
  )
  const value = await door.seal(keys, 'a value', { context })
  const stream = await door.sealStream(keys, new Blob(['a stream']), { context })
  const sent = wrong(await door.inspect(value))
  const receipt = await signer.signReceipt({ ...sent, stage: 'received' })
  const found = await keys.list()
  return {
    close: () => local.close(),
    client,
    store,
    jwks,
    jws: present(jws),
    root: await kms.publicJwk({ kms: client, key: 'alias/root' }),
    value,
    sealed: new Uint8Array(await new Response(stream.readable).arrayBuffer()),
    raw: { message, signature: present(signature), alg: 'ES256', key: current },
    digest: new Uint8Array(await crypto.subtle.digest('SHA-256', message)),
    history: present(old.jws),
    record: await door.sealFields(keys, { a: 'a' }, { context, fields: ['a'] }),
    token: await signer.sign({ order: 7 }),
    jwt: await signer.signJwt({ iss: 'us', aud: 'them' }, { expiresIn: 86_400_000 }),
    sent,
    receipt,
    receiptFile: await door.receiptFile(keys, receipt, { sent }),
    pins: door.pinned(found),
    key: (use) => present(found.find((key) => key.use === use)).thumbprint,
    signedFile: await signer.signFile(new Blob([file])),
  }
}

/** What is handed in, as it works. */
export const thingsOf = (company) => ({
  host: { fetch: async () => new Response(company.jwks) },
  signedHost: { fetch: async () => new Response(company.jws) },
  setStore: { get: async () => undefined, put: async () => {} },
  trust: door.inHand(),
  provider: { algorithms: ['ES256'], verifyDigest: async () => true },
  source: sourceOf(file),
  message: sourceOf(company.sealed),
  history: { fetch: async () => new Response(company.history) },
  ranges: {
    fetch: async () =>
      new Response('a', { status: 206, headers: { 'content-range': 'bytes 0-0/1' } }),
  },
  records: memoryRecords(),
  client: { config: company.client.config, send: (...call) => company.client.send(...call) },
  store: {
    read: async () => ({ inventory: company.store.now(), etag: '1' }),
    write: async () => {}, // so that no call is changed by one before it
  },
  replay: { claim: async () => true, seen: async () => false },
  decision: { decide: () => true },
  s3: {
    getObject: async () => ({ Body: { transformToString: async () => text }, ETag: '1' }),
    putObject: async () => ({}),
  },
  dynamoDb: {
    getItem: async () => ({ Item: { inventory: { S: text }, version: { S: '1' } } }),
    putItem: async () => ({}),
  },
})

/** @typedef {ReturnType<typeof thingsOf>} Things */

/**
 * Key sets by what can fail of them.
 *
 * @param {Things} w
 */
const keySets = (w, { jwks, root }) => {
  const o = { providers: [wrong(w.provider)], now: later }
  return {
    'in hand': () => door.importKeySet(jwks, { ...o, trust: w.trust }),
    fetched: () => door.fetchKeySet(url, { ...o, trust: door.overHttps(), fetch: w.host.fetch }),
    signed: () => {
      const trust = door.signedBy([root], { store: w.setStore })
      return door.fetchKeySet(url, { ...o, trust, fetch: w.signedHost.fetch })
    },
  }
}

/** Reads a stream to its end. */
const read = async ({ readable }) => new Response(readable).arrayBuffer()

/** Calls of the browser door with a key set. */
const doorCalls = (keys, { source, message, records }, company) => ({
  ready: () => keys.ready(),
  refresh: () => keys.refresh(),
  list: () => keys.list(),
  seal: () => door.seal(keys, 'a', { context }),
  sealFields: () => door.sealFields(keys, { a: 'a' }, { context, fields: ['a'] }),
  'Sealer.seal': () => door.createSealer(keys).seal('a', { context }),
  sealStream: async () => read(await door.sealStream(keys, source, { context })),
  createFileSealer: async () => {
    const sealer = await door.createFileSealer(keys, source, { context, records })
    try {
      await sealer.slice(0, sealer.length)
      await sealer.digest()
    } finally {
      await sealer.close({ done: true })
    }
  },
  restoreFileSealer: async () => {
    const kept = memoryRecords()
    const good = door.importKeySet(company.jwks, { trust: door.inHand(), now: later })
    const first = await door.createFileSealer(good, sourceOf(file), { context, records: kept })
    await first.close()
    const load = async (id) => (await records.load('')) ?? kept.load(id)
    const again = { ...records, load }
    await (await door.restoreFileSealer(keys, again, first.messageId, source)).close()
  },
  sealedLength: () => door.sealedLength(keys, 5, { context }),
  verify: () => door.verify(keys, company.token),
  verifyJwt: () => door.verifyJwt(keys, company.jwt, { issuer: 'us', audience: 'them' }),
  verifySignature: () => door.verifySignature(keys, company.raw),
  'verifySignature of a digest': () => {
    const { message: _, ...others } = company.raw
    return door.verifySignature(keys, { ...others, digest: company.digest })
  },
  verifyReceipt: () => door.verifyReceipt(keys, company.receipt, { sent: company.sent }),
  receiptFile: () => door.receiptFile(keys, company.receipt, { sent: company.sent }),
  verifyReceiptFile: () =>
    door.verifyReceiptFile(company.receiptFile, { trust: company.pins, providers: [] }),
  verifyStream: async () => read(await door.verifyStream(keys, company.signedFile, source)),
  verifyRange: async () => read(await door.verifyRange(keys, company.signedFile, source, 0, 3)),
  inspect: () => door.inspect(message),
})

/** Calls of the companion. */
function companionCalls(w, company) {
  const { store, source, message, client } = w
  const by = wrong(client)
  const o = { kms: by, store, key: company.key('enc') }
  const { decide } = w.decision
  const opening = { replay: w.replay, maxAge: 86_400_000, now: later }
  const opener = (more) =>
    kms.createOpener({ kms: by, keys: ['alias/claims'], now: later, ...more })
  const signer = () => kms.createSigner({ kms: by, key: 'alias/tokens' })
  const inS3 = () => kms.s3Inventory({ s3: wrong(w.s3), bucket: 'a', key: 'a' })
  const inDynamoDb = () => kms.dynamoDbInventory({ dynamoDb: wrong(w.dynamoDb), table: 'a' })
  /** The store with the current key in another state. */
  const inState = (state) => ({
    ...store,
    read: async () => {
      const found = wrong(await store.read())
      const keys = found?.inventory?.keys.map((key) =>
        key.thumbprint === o.key ? { ...key, state, ...dates } : key,
      )
      return keys ? { ...found, inventory: { ...found.inventory, keys } } : found
    },
  })
  const plan = { steps: [{ kind: 'create', key: 'claims', notBefore: new Date(0), why: '' }] }
  const { value, sealed } = company
  return {
    'Opener.ready': () => opener({}).ready(),
    'Opener.ready of an inventory': () => opener({ keys: store }).ready(),
    'Opener.open': () => opener(opening).open(value, { context: decide }),
    'Opener.openFields': () =>
      opener({ keys: store }).openFields(wrong(company.record), { context: decide, fields: ['a'] }),
    'Opener.openStream': async () =>
      read(await opener({}).openStream(message, { context: decide })),
    'Opener.openStream of a message': async () =>
      read(await opener({}).openStream(sealed, { context: decide })),
    'Opener.openRange': async () =>
      read(await opener({}).openRange(message, 0, 1, { context: decide })),
    'Signer.ready': () => signer().ready(),
    'Signer.sign': () => signer().sign('a'),
    'Signer.signJwt': () => signer().signJwt({}, { expiresIn: 60_000 }),
    'Signer.signFile': () => signer().signFile(source),
    'Signer.signReceipt': () => signer().signReceipt({ ...company.sent, stage: 'received' }),
    publicJwk: () => kms.publicJwk({ kms: by, key: 'alias/root' }),
    'publisher of keys': () =>
      kms.createPublisher({ kms: by, keys: [{ key: 'alias/claims' }] }).documents(),
    'publisher of an inventory': () =>
      kms.createPublisher({ kms: by, keys: store, root: 'alias/root' }).documents(),
    httpSource: async () => {
      const remote = await kms.httpSource(url, { fetch: w.ranges.fetch })
      return remote.read(0, 1)
    },
    'verifyReceiptFile with a history': () => {
      const trust = door.signedBy([company.root], { history: true, store: w.setStore })
      const history = door.fetchKeySet(url, { trust, fetch: w.history.fetch })
      return door.verifyReceiptFile(company.receiptFile, { trust: company.pins, history })
    },
    doctor: () =>
      kms.doctor({ kms: by, store, root: 'alias/root', keySetUrl: url, fetch: w.host.fetch }),
    applyRotation: () => kms.applyRotation(wrong(plan), { kms: by, store, now: later }),
    retireKey: () => kms.retireKey({ ...o, store: inState('retired'), keepUntil: new Date() }),
    deleteKey: () => kms.deleteKey({ ...o, store: inState('disabled'), confirm: o.key }),
    restoreKey: () => kms.restoreKey({ ...o, store: inState('deleting') }),
    revokeKey: () => kms.revokeKey({ ...o, reason: 'unspecified', now: later }),
    rebuildInventory: () => kms.rebuildInventory({ kms: by, store }),
    'S3 read': () => inS3().read(),
    'S3 write': () => inS3().write(emptyInventory()),
    'DynamoDB read': () => inDynamoDb().read(),
    'DynamoDB write': () => inDynamoDb().write(emptyInventory()),
  }
}

/**
 * Every call, by a name that says with which key set.
 *
 * @param {Things} w
 */
export function callsOf(w, company) {
  const sets = Object.entries(keySets(w, company)).flatMap(([of, keys]) =>
    Object.keys(doorCalls(wrong(undefined), w, company)).map((name) => [
      `${name}, keys ${of}`,
      async () => doorCalls(keys(), w, company)[name](),
    ]),
  )
  return [...sets, ...Object.entries(companionCalls(w, company))]
}
