// How each verb is called with options: what it needs besides is as good as it must be, so that the
// options are what is wrong. No call reaches KMS or a host.
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as door from 'sealdrop'
import * as kms from 'sealdrop/kms'
import * as inAge from 'sealdrop/age'
import { startLocalKms } from 'sealdrop/local-kms'
import { defineDrop } from 'sealdrop/drop'
import * as onForms from 'sealdrop/forms'
import * as onS3 from 'sealdrop/s3'
import { sealForTus } from 'sealdrop/tus'
import * as onUpload from 'sealdrop/upload'
import { keySetHandler, keySetListener } from 'sealdrop/serve'
import { keysInHand, publicJwk } from './host.js'
import { claims, emptyInventory, keyEntry, memoryStore } from './inventories.mjs'
import { wrong } from './types.mjs'

/** A client that is never made: an alias says no Region. */
const noKms = () => {
  throw new Error('there is no KMS here')
}
const date = '2030-01-01T00:00:00.000Z'
const entry = keyEntry(1, claims, 'retired', { made: date, retired: date })
const inventory = { ...emptyInventory(claims), keys: [entry] }
export const store = memoryStore(inventory)
const empty = memoryStore(emptyInventory())

const keys = keysInHand(door, 'P-256-enc', 'P-256-sig')
const sealer = door.createSealer(keys)
const opener = kms.createOpener({ keys: store })
const resealer = kms.createResealer({ key: 'alias/archive', context: {}, kms: noKms })
const original = { messageId: 'A'.repeat(43), headerDigest: 'A'.repeat(43) }
const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const archiveReader = kms.createArchiveReader({ keys: [keyArn], kms: noKms })
const signer = kms.createSigner({ key: 'alias/receipts', kms: noKms })
const file = new Blob(['a file'])
const fileSealer = await door.createFileSealer(keys, file, { context: {} })
const tusSealing = await sealForTus(keys, file, { context: {} })
const ended = await door.createFileSealer(keys, file, { context: {} })
const sealed = await door.seal(keys, 'a value', { context: {} })
const ageOpener = inAge.createAgeOpener({ keys: store })
const recipient = inAge.ageRecipient(publicJwk('P-256-enc'))
const ageFile = await new Response((await inAge.sealAge(recipient, file)).readable).blob()
const { readable } = await door.sealStream(keys, file, { context: {} })
const message = await new Response(readable).blob()
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-options-'))
const sealedFile = join(folder, 'a.sealed')
await writeFile(sealedFile, new Uint8Array(await message.arrayBuffer()))
process.once('exit', () => rmSync(folder, { recursive: true }))
const record = { a: sealed }
const url = 'https://keys.example/keys.json'
const arn = 'arn:aws:kms:us-east-1:111122223333:alias/claims'
const plan = { steps: [{ kind: 'create', key: 'claims', notBefore: new Date(0), why: '' }] }
let kept
const records = {
  create: async (id, start) => void (kept = { start, tags: new Map() }),
  append: async () => {},
  load: async () => kept,
  remove: async () => {},
}
const first = await door.createFileSealer(keys, file, { context: {}, records })
await first.close()
const of = { messageId: 'a', digest: 'a', length: 1, context: {}, stage: 'received' }
const source = { documents: async () => ({}) }
const jws = 'e30.e30.e30'

const uploads = {
  s3: wrong({ send: noKms }),
  bucket: 'uploads',
  prefix: 'inbox/',
  authorize: () => null,
  origins: [],
  secrets: ['0123456789'.repeat(4)],
}

const link = {
  key: 'alias/links',
  page: 'https://app.example/send',
  audience: 'https://app.example/uploads',
  subject: 'acme',
  context: {},
  expiresIn: 60_000,
}

const transport = onUpload.uploadTransport(url)
/** A handler that says no at once, so that nothing is tried again behind a test. */
const refusing = { ...transport, ask: noKms }
const tables = { dynamoDb: { getItem: noKms, updateItem: noKms }, table: 'links' }
const items = { getItem: noKms, updateItem: noKms, transactWriteItems: noKms }
const headers = new Headers({ authorization: `Bearer ${jws}` })
const object = { s3: uploads.s3, bucket: 'uploads', key: 'a' }

/** The calls by the names of the contract. @type {Readonly<Record<string, (o: any) => unknown>>} */
export const calls = {
  signedBy: (o) => door.signedBy([publicJwk('P-256-sig')], o),
  fetchKeySet: (o) => door.fetchKeySet(url, o),
  importKeySet: (o) => door.importKeySet('{"keys":[]}', o),
  seal: (o) => door.seal(keys, 'a', o),
  sealFields: (o) => door.sealFields(keys, { a: 'a' }, o),
  createSealer: (o) => door.createSealer(keys, o),
  sealStream: (o) => door.sealStream(keys, file.stream(), o),
  createFileSealer: (o) => door.createFileSealer(keys, file, o),
  restoreFileSealer: (o) => door.restoreFileSealer(keys, records, first.messageId, file, o),
  sealedLength: (o) => door.sealedLength(keys, 5, o),
  verify: (o) => door.verify(keys, jws, o),
  verifyJwt: (o) => door.verifyJwt(keys, jws, o),
  verifySignature: (o) => door.verifySignature(keys, o),
  verifyReceipt: (o) => door.verifyReceipt(keys, jws, o),
  receiptFile: (o) => door.receiptFile(keys, jws, o),
  verifyReceiptFile: (o) => door.verifyReceiptFile('{}', o),
  verifyStream: (o) => door.verifyStream(keys, `${jws}\n`, file, o),
  verifyRange: (o) => door.verifyRange(keys, `${jws}\n`, file, 0, 1, o),
  inspect: (o) => door.inspect(message, o),
  keySetHandler: (o) => keySetHandler(wrong(source), o),
  keySetListener: (o) => keySetListener(wrong(source), o),
  uploadHandler: (o) => onS3.uploadHandler(o),
  dropLinks: (o) => onS3.dropLinks(o),
  memoryLinks: (o) => onS3.memoryLinks(o),
  dynamoDbLinks: (o) => onS3.dynamoDbLinks(o),
  redisLinks: (o) => onS3.redisLinks(o),
  uploadListener: (o) => onS3.uploadListener(o),
  uploadTransport: (o) => onUpload.uploadTransport(url, o),
  uploadSealed: (o) => onUpload.uploadSealed(keys, file, o),
  defineDrop: (o) => defineDrop(o),
  sealForm: (o) => onForms.sealForm(wrong({}), o),
  forgetUpload: (o) => onUpload.forgetUpload({ ...records, list: async () => [] }, 'a', o),
  uploadAll: async (o) => onUpload.uploadAll(keys, [], o),
  sealForTus: (o) => sealForTus(keys, file, o),
  'TusSealing.close': (o) => tusSealing.close(o),
  'UploadTransport.put': (o) =>
    transport.put({ part: 1, url: 'http://127.0.0.1:9/', headers: {} }, new Uint8Array(1), o),
  'UploadTransport.ask': (o) => transport.ask('abort', { session: 'a' }, o),
  s3Source: (o) => onS3.s3Source(o),
  s3Sink: (o) => onS3.s3Sink({ readable: new Blob(['a']).stream(), length: 1 }, o),
  bucketDoctor: (o) => onS3.bucketDoctor(o),
  bucketPolicy: (o) => onS3.bucketPolicy(o),
  bucketCors: (o) => onS3.bucketCors(o),
  bucketLifecycle: (o) => onS3.bucketLifecycle(o),
  s3Inventory: (o) => kms.s3Inventory(o),
  dynamoDbInventory: (o) => kms.dynamoDbInventory(o),
  memoryReplay: (o) => kms.memoryReplay(o),
  memoryWork: (o) => kms.memoryWork(o),
  redisReplay: (o) => kms.redisReplay(o),
  redisWork: (o) => kms.redisWork(o),
  dynamoDbReplay: (o) => kms.dynamoDbReplay(o),
  dynamoDbWork: (o) => kms.dynamoDbWork(o),
  httpSource: (o) => kms.httpSource('ftp://files.example', o),
  createOpener: (o) => kms.createOpener(o),
  'createOpener.cache': (cache) => kms.createOpener({ keys: store, cache }),
  createResealer: (o) => kms.createResealer(o),
  createArchiveReader: (o) => kms.createArchiveReader(o),
  'Resealer.reseal': (o) => resealer.reseal({ ...original, readable: file.stream() }, o),
  'ArchiveReader.openStream': (o) => archiveReader.openStream(message, o),
  'ArchiveReader.openRange': (o) => archiveReader.openRange(message, 0, 1, o),
  kmsBudget: (o) => kms.kmsBudget(o),
  'kmsBudget.perSecond': (perSecond) => kms.kmsBudget({ perSecond }),
  redisBudget: (o) => kms.redisBudget(o),
  createSigner: (o) => kms.createSigner(o),
  createDropLink: (o) => kms.createDropLink({ kms: noKms, ...o }),
  publicJwk: (o) => kms.publicJwk({ kms: noKms, ...o }),
  createPublisher: (o) => kms.createPublisher(o),
  'createPublisher.keys': (row) => kms.createPublisher({ keys: [{ key: 'alias/a', ...row }] }),
  doctor: (o) => kms.doctor({ kms: noKms, ...o }),
  keyPolicy: (o) => kms.keyPolicy(o),
  keyTemplate: (o) => kms.keyTemplate({ key: arn, ...o }),
  retireKey: (o) => kms.retireKey({ kms: noKms, ...o }),
  deleteKey: (o) => kms.deleteKey({ kms: noKms, ...o }),
  restoreKey: (o) => kms.restoreKey({ kms: noKms, ...o }),
  revokeKey: (o) => kms.revokeKey(o),
  rebuildInventory: (o) => kms.rebuildInventory({ kms: noKms, ...o }),
  planCapacity: (o) => kms.planCapacity(o),
  planRotation: (o) => kms.planRotation(inventory, o),
  applyRotation: (o) => kms.applyRotation(wrong(plan), { kms: noKms, ...o }),
  startLocalKms: (o) => startLocalKms(o),
  'startLocalKms.keys': (row) => startLocalKms({ keys: [row] }),
  'startLocalKms.quota': (quota) => startLocalKms({ quota }),
  'KeySet.ready': (o) => keys.ready(o),
  'KeySet.refresh': (o) => keys.refresh(o),
  'KeySet.list': (o) => keys.list(o),
  'Sealer.seal': (o) => sealer.seal('a', o),
  'Sealer.sealFields': (o) => sealer.sealFields({ a: 'a' }, o),
  'FileSealer.slice': (o) => fileSealer.slice(0, 1, o),
  'FileSealer.digest': (o) => fileSealer.digest(o),
  'FileSealer.recheck': (o) => fileSealer.recheck(o),
  'FileSealer.close': (o) => ended.close(o),
  'Opener.ready': (o) => opener.ready(o),
  'Opener.close': (o) => kms.createOpener({ keys: store }).close(o),
  'Opener.open': (o) => opener.open(sealed, o),
  'Opener.openMany': async (o) => opener.openMany([], o),
  'Opener.openManyFiles': async (o) => opener.openManyFiles([], o),
  'Opener.openFields': (o) => opener.openFields(wrong(record), o),
  'Opener.openStream': (o) => opener.openStream(message, o),
  'Opener.openRange': (o) => opener.openRange(message, 0, 1, o),
  'Opener.openFile': (o) => opener.openFile(sealedFile, 'never-written', o),
  ageRecipients: (o) => inAge.ageRecipients(store, o),
  ageRecipientsHandler: (o) => inAge.ageRecipientsHandler(store, o),
  sealAge: (o) => inAge.sealAge(recipient, file, o),
  inspectAge: (o) => inAge.inspectAge(ageFile, o),
  createAgeOpener: (o) => inAge.createAgeOpener(o),
  'AgeOpener.ready': (o) => ageOpener.ready(o),
  'AgeOpener.openStream': (o) => ageOpener.openStream(ageFile, o),
  'AgeOpener.openRange': (o) => ageOpener.openRange(ageFile, 0, 1, o),
  'AgeOpener.openFile': (o) => ageOpener.openFile(sealedFile, 'never-written', o),
  'Signer.ready': (o) => signer.ready(o),
  'Signer.sign': (o) => signer.sign('a', o),
  'Signer.signJwt': (o) => signer.signJwt({}, o),
  'Signer.signFile': (o) => signer.signFile(file, o),
  'Signer.signReceipt': (o) => signer.signReceipt(wrong(of), o),
}

/** What options must have, where others are looked at first. */
export const needed = {
  planCapacity: { objects: 1, size: 1 },
  fetchKeySet: { trust: door.overHttps() },
  verifyJwt: { issuer: 'us', audience: 'them' },
  sealStream: { context: {} },
  createFileSealer: { context: {} },
  sealedLength: { context: {} },
  createOpener: { keys: store },
  createAgeOpener: { keys: store },
  createResealer: { key: 'alias/archive', context: {} },
  createArchiveReader: { keys: [keyArn] },
  'ArchiveReader.openStream': { context: {} },
  'ArchiveReader.openRange': { context: {} },
  'createOpener.cache': { entries: 1, maxAge: 1, uses: 1 },
  createDropLink: link,
  createPublisher: { keys: [{ key: 'alias/a' }] },
  deleteKey: { store, key: entry.thumbprint, confirm: entry.thumbprint },
  uploadHandler: uploads,
  dropLinks: { keys, audience: url },
  dynamoDbLinks: tables,
  redisLinks: { redis: { call: noKms } },
  redisReplay: { redis: { call: noKms } },
  redisWork: { redis: { call: noKms } },
  dynamoDbReplay: { dynamoDb: items, table: 'a' },
  dynamoDbWork: { dynamoDb: items, table: 'a' },
  kmsBudget: { perSecond: { rsa: 1 } },
  redisBudget: { redis: { call: noKms } },
  uploadListener: uploads,
  uploadSealed: { context: {}, transport: refusing },
  sealForTus: { context: {} },
  uploadAll: { context: {}, transport: refusing },
  forgetUpload: { transport: refusing },
  bucketDoctor: { s3: uploads.s3, bucket: 'uploads', prefix: 'inbox/', origins: [] },
  s3Source: object,
  s3Sink: object,
  doctor: { keySetUrl: url },
  'Opener.open': { context: {} },
  'Opener.openFields': { context: {}, fields: ['a'] },
  'Opener.openStream': { context: {} },
  'Opener.openRange': { context: {} },
  'Opener.openFile': { context: {} },
}

/** A verb that asks the clock of its options. @type {Readonly<Record<string, (now: any) => unknown>>} */
export const clocked = {
  importKeySet: (now) => door.importKeySet('{"keys":[]}', { trust: door.inHand(), now }).ready(),
  fetchKeySet: (now) =>
    door.fetchKeySet(url, { trust: door.overHttps(), now, fetch: noKms }).ready(),
  createOpener: (now) => kms.createOpener({ keys: store, now }).ready(),
  ageRecipients: (now) => inAge.ageRecipients(store, { now }),
  ageRecipientsHandler: (now) =>
    inAge.ageRecipientsHandler(store, { now })(new Request('https://keys.example/age.txt')),
  createAgeOpener: (now) => inAge.createAgeOpener({ keys: store, now }).ready(),
  createSigner: (now) => kms.createSigner({ key: 'alias/a', kms: noKms, now }).sign('a'),
  createDropLink: (now) => kms.createDropLink({ ...link, kms: noKms, now }),
  createPublisher: (now) => kms.createPublisher({ keys: store, now }).documents(),
  doctor: (now) => kms.doctor({ keySetUrl: url, fetch: noKms, now }),
  retireKey: (now) => kms.retireKey({ store, key: entry.thumbprint ?? '', now }),
  deleteKey: (now) => kms.deleteKey({ store, key: entry.thumbprint ?? '', confirm: 'a', now }),
  restoreKey: (now) => kms.restoreKey({ store, key: entry.thumbprint ?? '', now }),
  revokeKey: (now) =>
    kms.revokeKey({ store, key: entry.thumbprint ?? '', reason: 'unspecified', now }),
  applyRotation: (now) => kms.applyRotation(wrong(plan), { kms: noKms, store, now }),
  uploadHandler: (now) => onS3.uploadHandler({ ...uploads, now }),
  dropLinks: (now) =>
    onS3.dropLinks({ keys, audience: url, now })(wrong({ request: { headers }, op: 'list' })),
  memoryLinks: (now) => onS3.memoryLinks({ now }).isRevoked('a'),
  memoryReplay: (now) => kms.memoryReplay({ now }).claim('a', new Date(1)),
  memoryWork: (now) => kms.memoryWork({ now }).begin('a', 1),
  dynamoDbReplay: (now) =>
    kms.dynamoDbReplay({ dynamoDb: items, table: 'a', now }).claim('a', new Date(1)),
  dynamoDbWork: (now) => kms.dynamoDbWork({ dynamoDb: items, table: 'a', now }).begin('a', 1),
  dynamoDbLinks: (now) => onS3.dynamoDbLinks({ ...tables, now }).revoke('x'.repeat(22)),
  uploadListener: (now) => onS3.uploadListener({ ...uploads, now }),
  rebuildInventory: (now) => kms.rebuildInventory({ store: empty, kms: noKms, enter: [], now }),
  startLocalKms: (now) => startLocalKms({ now }),
}
