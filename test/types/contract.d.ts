// The public contract. Names are fixed; add, don't rename. The project keeps this block as a type test.
//
// Rules: nothing does I/O, timers or randomness before the first verb (a Worker refuses them at module level). Verbs reject with
// `signal.reason` when aborted. Durations are milliseconds. Failure throws; nothing resolves to `false`. Every member is readonly.
// Strings that are not well-formed (lone surrogates) are refused. TypeScript 5.7 and later; no top-level await.

declare module 'sealdrop' {
  interface CallOptions { signal?: AbortSignal }
  type Context = Readonly<Record<string, string>> // required, {} allowed; names starting with sealdrop: or aws-crypto- are refused
  interface JWK { kty?: string; kid?: string; use?: string; alg?: string }
  interface KeyInfo { thumbprint: string; alg: string; use: 'enc' | 'sig'; arn?: string; issuedAt?: Date; expires?: Date }

  // Why a key is believed. There is no default.
  interface Trust { kind: 'signed' | 'pinned' | 'https' | 'in-hand'; history?: boolean; accept(document: string, o: { now: number; past?: boolean }): Promise<Believed> }
  interface Believed { keys: readonly JWK[]; expires?: number; document?: string }
  interface SetStore { get(id: string): Promise<string | undefined>; put(id: string, set: string): Promise<void>; swap?(id: string, set: string, held: string | undefined): Promise<string | undefined> } // the newest set itself; swap: compare and write in one step
  interface AlgorithmProvider { // from opt-in doors: sealdrop/ml-dsa, sealdrop/digests, sealdrop/ml-kem
    algorithms: readonly string[]
    verify?(alg: string, key: JWK, signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean>
    verifyDigest?(alg: string, key: JWK, signature: Uint8Array<ArrayBuffer>, digest: Uint8Array<ArrayBuffer>): Promise<boolean>
  }
  function signedBy(roots: readonly JWK[], o?: { name?: string; issuer?: string; store?: SetStore; history?: boolean; providers?: readonly AlgorithmProvider[] }): Trust
  function indexedDbSets(name?: string): SetStore
  function kvSets(namespace: { get(key: string): Promise<string | null>; put(key: string, value: string): Promise<void> }): SetStore // a Workers KV binding
  function pinned(pins: readonly (string | { thumbprint: string; use?: 'enc' | 'sig'; arn?: string | undefined } | JWK)[]): Trust // their order decides
  function overHttps(): Trust
  function inHand(): Trust // importKeySet only

  interface KeySetOptions { trust: Trust; prefer?: readonly string[]; providers?: readonly AlgorithmProvider[]; now?: () => number }
  interface FetchOptions extends KeySetOptions { headers?: Record<string, string>; fetch?: typeof globalThis.fetch; timeout?: number; maxAge?: number; use?: 'enc' | 'sig'; alg?: string } // use, alg: of keys that say none; one that says otherwise is passed over
  interface ImportOptions extends KeySetOptions { use?: 'enc' | 'sig'; alg?: string; arn?: string } // a bare P-256 PEM needs `use`
  interface KeySet {
    trust: Trust['kind']
    ready(o?: CallOptions): Promise<void>
    refresh(o?: CallOptions): Promise<void>
    list(o?: CallOptions): Promise<readonly KeyInfo[]>
  }
  function fetchKeySet(url: string | URL, o: FetchOptions): KeySet
  function importKeySet(source: string | Uint8Array | object, o: ImportOptions): KeySet // JWKS, signed set, JWK, SPKI or PKCS #1 in PEM or DER, a GetPublicKey answer (SDK or CLI), a public CryptoKey or KeyObject

  // Values
  type Value = string | number | boolean | null | Uint8Array | ArrayBuffer | object // NaN, BigInt, Map, Blob, FormData, cycles, a class without toJSON and own members: invalid_argument, never {}
  interface SealOptions extends CallOptions { context: Context; again?: boolean } // what is sealed to a key of this key set already is invalid_argument unless again: true; of a file its first 32 KiB are looked at
  interface FieldOptions { fields: readonly string[] } // 'card.number', 'items.*.ssn'; a path that matches nothing throws, unless 'ssn?', 'items.*?' allows it; 'ssn??' is a member named 'ssn?'
  type SealedFields<T> = { [K in keyof T]: T[K] extends object ? SealedFields<T[K]> | string : T[K] | string }
  const sealedPlaces: typeof import('#dist/doors/index.js').sealedPlaces // a registered symbol; not enumerable
  interface SealedPlaces { readonly [sealedPlaces]: readonly string[] } // JSON Pointers
  interface Sealer {
    seal(value: Value, o: SealOptions): Promise<string>
    sealFields<T extends object>(record: T, o: SealOptions & FieldOptions): Promise<SealedFields<T> & SealedPlaces>
  }
  function seal(keys: KeySet, value: Value, o: SealOptions): Promise<string> // JWE compact
  function sealFields<T extends object>(keys: KeySet, record: T, o: SealOptions & FieldOptions): Promise<SealedFields<T> & SealedPlaces> // one data key a record; JSON of it is JSON of the record, but for the places
  function createSealer(keys: KeySet, o?: { maxValues?: number; maxAge?: number }): Sealer // one data key until either runs out or the selected key changes

  // Streams and files
  interface ByteSource { size: number; read(start: number, end: number, o?: CallOptions & { into?: Uint8Array<ArrayBuffer> }): Promise<Uint8Array>; version?(): Promise<string> }
  type StreamSource = Blob | ByteSource | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Uint8Array | ArrayBuffer
  interface StreamOptions extends SealOptions { length?: number; frameLength?: number; framesInFlight?: number; digest?: boolean; onProgress?: (p: { done: number; total?: number }) => void }
  interface ByteStream { readable: ReadableStream<Uint8Array<ArrayBuffer>>; length?: number }
  interface SealedStream extends ByteStream { messageId: string; recipients: readonly KeyInfo[]; digest: Promise<string> } // chunk digest of the ciphertext
  interface FileSealer { length: number; messageId: string; recipients: readonly KeyInfo[]; slice(start: number, end: number, o?: CallOptions): Promise<Uint8Array<ArrayBuffer>>; digest(o?: CallOptions): Promise<string>; recheck(o?: CallOptions): Promise<void>; close(o?: { done?: boolean }): Promise<void> } // done: the record is deleted; recheck: what earlier sealers handed out is sealed again and compared
  type TagRun = readonly [first: number, tags: Uint8Array] // tags of frames side by side, 16 bytes each
  interface FileRecords { // a log, never a snapshot: what is appended is durable before the frames' bytes leave; one holder a record
    create(id: string, start: object): Promise<void>
    append(id: string, frames: readonly TagRun[]): Promise<void>
    load(id: string): Promise<{ start: object; tags: Iterable<TagRun>; notes?: Iterable<readonly [name: string, note: object]> } | undefined>
    remove(id: string): Promise<void>
    note?(id: string, name: string, note: object): Promise<void> // flat: text, numbers, booleans, Uint8Array; durable; one of the same name replaces the one before
    list?(name: string): Promise<readonly (readonly [id: string, note: object])[]> // of all records; takes nothing over
  }
  function indexedDbRecords(name?: string): FileRecords // keeps the data key as a non-extractable CryptoKey
  type Recipients = KeySet | readonly KeySet[] // one key from each set, 8 at most
  function sealStream(keys: Recipients, source: StreamSource, o: StreamOptions): Promise<SealedStream>
  function createFileSealer(keys: Recipients, file: Blob | ByteSource, o: StreamOptions & { records?: FileRecords }): Promise<FileSealer> // without records nothing can be restored
  function restoreFileSealer(keys: Recipients, records: FileRecords, messageId: string, file: Blob | ByteSource, o?: Pick<StreamOptions, 'signal' | 'framesInFlight' | 'onProgress'>): Promise<FileSealer>
  function sealedLength(keys: Recipients, length: number, o: SealOptions & { frameLength?: number }): Promise<number>

  // Verification
  interface Content { bytes: Uint8Array<ArrayBuffer>; text(): string; json<T = unknown>(): T }
  interface Proof { key: KeyInfo; trust: Trust['kind'] }
  interface Claims { iss?: string; aud?: string | readonly string[]; sub?: string; exp?: number; nbf?: number; iat?: number; jti?: string }
  function verify(keys: KeySet, jws: string, o?: CallOptions & { typ?: string; heldSince?: Date }): Promise<Content & Proof & { header: Record<string, unknown> }>
  function verifyJwt<T extends object = object>(keys: KeySet, jwt: string, o: CallOptions & { issuer: string | readonly string[]; audience: string | readonly string[] | null; subject?: string; typ?: string; maxAge?: number; tolerance?: number }): Promise<Proof & { claims: Claims & T }> // one of several; null: only a token without aud
  type RawSignature = ({ message: Uint8Array | ArrayBuffer | string } | { digest: Uint8Array | ArrayBuffer }) & ({ alg: string } | { algorithm: string }) & CallOptions & { heldSince?: Date; signature: Uint8Array | ArrayBuffer; encoding?: 'der' | 'ieee-p1363'; key?: string } // alg: KMS or JOSE name, algorithm is another name of it; key: ARN or thumbprint
  function verifySignature(keys: KeySet, o: RawSignature): Promise<Proof>
  interface Received { receivedAt: Date; stage: 'received' | 'opened'; messageId: string; length: number; digest: string; context: Context }
  function verifyReceipt(keys: KeySet, receipt: string, o: CallOptions & { sent: { messageId: string; digest: string }; heldSince?: Date }): Promise<Proof & Received>
  function receiptFile(keys: KeySet, receipt: string, o: CallOptions & { sent: { messageId: string; digest: string } }): Promise<string> // what a partner stores for years
  function verifyReceiptFile(file: string, o: CallOptions & { trust: Trust; history?: KeySet; heldSince?: Date; sent?: { messageId: string; digest: string }; providers?: readonly AlgorithmProvider[] }): Promise<Proof & Received & { savedAt: Date; history: boolean }>
  interface SignedFile { name?: string; mediaType?: string; context: Context; signedAt: Date; digest: string } // chunk digest of the file
  type FileOptions = CallOptions & { name?: string; context?: Context; maxAge?: number; heldSince?: Date; onProgress?: (p: { done: number; total: number }) => void } // name and context exact; a context not named: context_mismatch
  function verifyStream(keys: KeySet, fileSignature: string, source: StreamSource, o?: FileOptions): Promise<ByteStream & Proof & SignedFile>
  function verifyRange(keys: KeySet, fileSignature: string, source: Blob | ByteSource, start: number, end: number, o?: FileOptions): Promise<ByteStream & Proof & SignedFile> // reads only the chunks that the range touches
  function inspect(input: string | StreamSource, o?: CallOptions & { maxFrameLength?: number }): Promise<{ kind: 'value' | 'stream' | 'jws' | 'key-set'; context?: Context; recipients: readonly string[]; messageId?: string; length?: number; digest?: string }> // the last three of a value or a stream: what a receipt names

  class SealdropError extends Error { code: SealdropErrorCode; retryable: boolean; whose?: Whose } // { ...error } is plain
  type Whose = 'sender' | 'operator' | 'network' | 'caller' // verbs of sealdrop/kms say it
  function isSealdropError(e: unknown): e is SealdropError
  type SealdropErrorCode =
    | 'invalid_argument' | 'unsupported_runtime' | 'unsupported_algorithm' | 'malformed' | 'too_large'
    | 'source_changed' | 'source_failed' | 'output_failed' | 'conflict' | 'closed'
    | 'keys_unreachable' | 'keys_malformed' | 'keys_untrusted' | 'keys_expired' | 'keys_rolled_back'
    | 'no_usable_key' | 'key_not_found' | 'key_unusable'
    | 'rejected' | 'context_mismatch' | 'expired' | 'replayed'
    | 'kms_denied' | 'kms_throttled' | 'kms_unavailable' | 'kms_unexpected'
}

declare module 'sealdrop/serve' { // any runtime, no KMS: also serves prepared documents from KV or disk; GET, HEAD, OPTIONS, Vary: Accept
  interface KeySetDocuments { documents(): Promise<{ jwks: string; jws?: string; etag: string; expires: Date }> }
  interface ServedDocuments { documents(): Promise<{ jwks: string; jws?: string; etag: string; expires: Date | string } | null | undefined> } // KeySetDocuments, or what JSON kept of them
  function keySetHandler(source: ServedDocuments, o?: { maxAge?: number; origins?: readonly string[] }): (request: Request) => Promise<Response>
  interface ListenerRequest { readonly method?: string | undefined; readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> }
  interface ListenerResponse { readonly headersSent: boolean; writeHead(status: number, headers: Record<string, string>): unknown; end(body: string): unknown }
  function keySetListener(source: ServedDocuments, o?: { maxAge?: number; origins?: readonly string[] }): (request: ListenerRequest, response: ListenerResponse) => void // node:http, node:http2, Express
}

declare module 'sealdrop/fs' { // Node files without AWS: node:fs's openAsBlob loses bytes beyond 4 GiB on Node 20
  import type { ByteSource, FileRecords } from 'sealdrop'
  function fileSource(path: string | URL): Promise<ByteSource>
  function safePath(path: string): string // the same, or invalid_argument
  function fileSets(folder: string | URL): import('sealdrop').SetStore
  function fileRecords(folder: string | URL): FileRecords // mode 0600; holds the data key, beside a file that is plaintext anyway
}

declare module 'sealdrop/ml-dsa' { // ML-DSA where WebCrypto has it not, and over mu everywhere
  function mlDsa(): import('sealdrop').AlgorithmProvider
}

declare module 'sealdrop/digests' { // ECDSA and RSA signatures over a digest that the caller has
  function digests(): import('sealdrop').AlgorithmProvider
}

declare module 'sealdrop/jose' { // beside jose: a set that is pinned or signed stands in for createRemoteJWKSet
  interface JoseHeader { readonly alg?: string; readonly kid?: string; readonly [name: string]: unknown }
  interface JoseToken { readonly payload?: string | Uint8Array }
  function joseKeys(keys: import('sealdrop').KeySet): (header?: JoseHeader, token?: JoseToken) => Promise<CryptoKey> // JWKSNoMatchingKey, JOSENotSupported; what concerns the set is a SealdropError
}

declare module 'sealdrop/kms' { // the companion
  import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms'
  import type { ByteSource, ByteStream, CallOptions, Claims, Content, Context, FieldOptions, JWK, KeyInfo, SealdropError, SealedFields, StreamSource, Value } from 'sealdrop'
  type Kms = KMSClient | KMSClientConfig | ((region: string) => KMSClient) // default {}: the AWS default chain; clients are made once per Region
  interface OpenOptions extends CallOptions { context: Context | ((found: Context) => boolean); maxAge?: number } // exact, or a decision; before any KMS call
  interface OpenedInfo { messageId: string; key: KeyInfo; context: Context; sealedAt?: Date }
  interface FileName { name: string; type?: string; path?: string }
  interface OpenFileOptions extends OpenOptions { sealedName?: string } // metadata sealdrop-name; one that is wrong is left out with an event
  interface OpenedFileInfo extends OpenedInfo { headerDigest: string; name?: FileName } // the sender's claim
  interface ManyItem extends OpenOptions { jwe: string }
  interface OpenManyOptions extends CallOptions { concurrency?: number; ordered?: boolean }
  type OpenOutcome<Item> = { index: number; item: Item } & ({ opened: Content & OpenedInfo; error?: undefined } | { opened?: undefined; error: SealdropError })
  interface ManyFile extends OpenFileOptions { source: StreamSource; digest?: boolean; sink: (opened: ByteStream & OpenedFileInfo & { digest: Promise<string>; sealedLength: Promise<number> }) => unknown }
  interface OpenManyFilesOptions extends CallOptions { concurrency?: number; ordered?: boolean; maxBytes?: number }
  type OpenFileOutcome<Item extends ManyFile> = { index: number; item: Item } & ({ result: Awaited<ReturnType<Item['sink']>>; error?: undefined } | { result?: undefined; error: SealdropError })
  interface CloseOptions { signal?: AbortSignal }
  interface Opener {
    ready(o?: CallOptions): Promise<void>
    close(o?: CloseOptions): Promise<void> // waits for what is under way; the signal gives it up with closed
    open(jwe: string, o: OpenOptions): Promise<Content & OpenedInfo>
    openFields<T extends object>(record: SealedFields<T>, o: OpenOptions & FieldOptions): Promise<T> // a named field that is not sealed: rejected; absent: only where its path has `?`
    openStream(source: StreamSource, o: OpenFileOptions & { digest?: boolean }): Promise<ByteStream & OpenedFileInfo & { digest: Promise<string>; sealedLength: Promise<number> }> // of the sealed stream: what a receipt names, once read to its end; without digest: true both reject
    openRange(source: Blob | ByteSource, start: number, end: number, o: OpenFileOptions): Promise<ByteStream & OpenedFileInfo>
    openMany<Item extends ManyItem>(items: Iterable<Item> | AsyncIterable<Item>, o?: OpenManyOptions): AsyncGenerator<OpenOutcome<Item>, void, undefined> // KMS's answer for a wrapped key serves all of a run
    openManyFiles<Item extends ManyFile>(items: Iterable<Item> | AsyncIterable<Item>, o?: OpenManyFilesOptions): AsyncGenerator<OpenFileOutcome<Item>, void, undefined> // a sink that ends before readable did is output_failed
    openFile(input: string | URL, output: string | URL, o: OpenFileOptions): Promise<OpenedFileInfo & { length: number; digest: string }>
  }
  interface Purpose { name: string; use: 'enc' | 'sig'; spec: string; usage: 'ENCRYPT_DECRYPT' | 'KEY_AGREEMENT' | 'SIGN_VERIFY'; alias: string; alg?: string; replicas?: readonly string[]; policy?: object; keepDays?: number; withArn?: boolean; age?: boolean }
  interface KeyInventory { version: 1; counter: number; lifetime?: number; purposes: readonly Purpose[]; keys: readonly import('#dist/doors/kms.js').InventoryKey[] }
  interface InventoryStore { read(): Promise<{ inventory: KeyInventory; etag: string } | undefined>; write(next: KeyInventory, etag?: string): Promise<void> } // compare and swap
  function fileInventory(path: string | URL): InventoryStore // a folder: a file for each version, the newest counts
  function s3Inventory(o: { s3: import('#dist/doors/kms.js').S3Operations; bucket: string; key: string }): InventoryStore // new S3({}) of @aws-sdk/client-s3
  function dynamoDbInventory(o: { dynamoDb: import('#dist/doors/kms.js').DynamoDbOperations; table: string; id?: string }): InventoryStore
  function httpSource(url: string | URL, o?: CallOptions & { headers?: Readonly<Record<string, string>>; fetch?: typeof globalThis.fetch }): Promise<ByteSource> // a file behind a URL, by Range requests
  interface ReplayStore { claim(id: string, until: Date): Promise<boolean>; seen?(id: string): Promise<boolean> } // seen: refuses a replay before any KMS call
  function memoryReplay(o?: { now?: () => number }): ReplayStore // of one process
  function redisReplay(o: { redis: import('#dist/doors/kms.js').RedisClient; prefix?: string }): ReplayStore // a client of redis or ioredis
  function dynamoDbReplay(o: { dynamoDb: import('#dist/doors/kms.js').DynamoDbStoreOperations; table: string; now?: () => number }): ReplayStore // new DynamoDB({})
  interface WorkToken { readonly id: string; readonly fence: number }
  type WorkBegun = { state: 'new'; token: WorkToken } | { state: 'busy' } | { state: 'done' }
  interface WorkStore {
    begin(id: string, lease: number): Promise<WorkBegun> // milliseconds
    extend(tokens: readonly WorkToken[], lease: number): Promise<boolean>
    done(tokens: readonly WorkToken[], until: Date): Promise<boolean> // all or none; false: overtaken
    release(token: WorkToken): Promise<void>
  }
  function memoryWork(o?: { now?: () => number }): WorkStore // of one process
  function redisWork(o: { redis: import('#dist/doors/kms.js').RedisClient; prefix?: string }): WorkStore
  function dynamoDbWork(o: { dynamoDb: import('#dist/doors/kms.js').DynamoDbStoreOperations; table: string; now?: () => number }): WorkStore
  interface Original { messageId: string; headerDigest: string } // the sealed file, and SHA-256 of its header
  interface ResealSource extends Original { readable: ReadableStream<Uint8Array<ArrayBuffer>>; length?: number; context?: Context }
  interface ResealOptions extends CallOptions { context?: Context; length?: number; frameLength?: number; framesInFlight?: number; digest?: boolean; onProgress?: (p: { done: number; total?: number }) => void }
  interface ResealedStream { readable: ReadableStream<Uint8Array>; length?: number; messageId: string; keyArn: string; context: Context; original: Original; digest: Promise<string> }
  interface Resealer { reseal(opened: ResealSource, o?: ResealOptions): Promise<ResealedStream>; close(): Promise<void> }
  function createResealer(o: { kms?: Kms; budget?: KmsBudget; key: string; context: Context | ((opened: ResealSource) => Context) }): Resealer // a symmetric key, aws-kms keyring, suite 0x0478
  interface ReadArchiveOptions extends CallOptions { context: Context | ((found: Context) => boolean); original?: Partial<Original> }
  interface OpenedArchive { readable: ReadableStream<Uint8Array>; messageId: string; keyArn: string; context: Context; original?: Original }
  interface ArchiveReader {
    openStream(source: StreamSource, o: ReadArchiveOptions & { digest?: boolean }): Promise<OpenedArchive & { digest: Promise<string>; sealedLength: Promise<number> }>
    openRange(source: Blob | ByteSource, start: number, end: number, o: ReadArchiveOptions): Promise<OpenedArchive & { length: number }>
    close(): Promise<void>
  }
  function createArchiveReader(o: { kms?: Kms; budget?: KmsBudget; keys: readonly string[]; foreign?: boolean; maxFrameLength?: number }): ArchiveReader // key ARNs; no opener opens an archive
  type BudgetKind = 'rsa' | 'ecc' | 'mlDsa' | 'symmetric'
  type BudgetRates = Readonly<Partial<Record<BudgetKind, number>>>
  interface BudgetStore { lease(asked: { name: string; perSecond: number; count: number; within: number }): Promise<{ count: number; wait: number }> } // turns that stand evenly; count 0: all come too late
  interface KmsBudget { readonly perSecond: BudgetRates }
  interface BudgetOptions { perSecond: { rsa?: number; ecc?: number; mlDsa?: number; symmetric?: number }; store?: BudgetStore; maxWait?: number; timeout?: number }
  function kmsBudget(o: BudgetOptions): KmsBudget // each attempt of the AWS client takes a turn, its retries too
  function redisBudget(o: { redis: import('#dist/doors/kms.js').RedisClient; prefix?: string }): BudgetStore // a client of redis or ioredis
  function createOpener(o: { kms?: Kms; budget?: KmsBudget; keys: readonly string[] | InventoryStore; maxAge?: number; tolerance?: number; replay?: ReplayStore; cache?: { entries: number; maxAge: number; uses: number }; maxFrameLength?: number; onEvent?: (e: object) => void; now?: () => number }): Opener
  interface Signer {
    ready(o?: CallOptions): Promise<void>
    close(): Promise<void>
    sign(payload: Value, o?: CallOptions & { typ?: string }): Promise<string>
    signJwt(claims: Claims & object, o: CallOptions & { expiresIn: number; typ?: string }): Promise<string>
    signFile(file: string | URL | ByteSource | Blob, o?: CallOptions & { name?: string; mediaType?: string; context?: Context; onProgress?: (p: { done: number; total: number }) => void }): Promise<string> // two lines: a JWS, and the hashes of the chunks
    signReceipt(of: { messageId: string; digest: string; length: number; context: Context; stage: 'received' | 'opened'; key?: string | KeyInfo }, o?: CallOptions): Promise<string>
  }
  function createSigner(o: { kms?: Kms; budget?: KmsBudget; key: string; alg?: string; algorithm?: string; now?: () => number }): Signer
  interface DropLinkOptions extends CallOptions { kms?: Kms; key: string; alg?: string; algorithm?: string; page: string | URL; audience: string | URL; subject: string; context: Context; expiresIn: number; prefix?: string; files?: number; bytes?: number; now?: () => number }
  function createDropLink(o: DropLinkOptions): Promise<{ url: string; token: string; jti: string; expires: Date }> // a key that signs links, and nothing else; the token stands behind #drop=
  function publicJwk(o: CallOptions & { kms?: Kms; key: string }): Promise<JWK> // of a root: what pages give to signedBy
  function createPublisher(o: { kms?: Kms; keys: readonly { key: string; use?: 'enc' | 'sig'; alg?: string; withArn?: boolean }[] | InventoryStore; root?: string; history?: boolean; name?: string; issuer?: string; lifetime?: number; now?: () => number }): import('sealdrop/serve').KeySetDocuments // root: the KMS key that signs key sets, and nothing else
  function doctor(o: CallOptions & { keySetUrl?: string; roots?: readonly JWK[]; name?: string; issuer?: string; origin?: string; kms?: Kms; store?: InventoryStore; root?: string; roles?: readonly ('opener' | 'signer')[]; every?: string; timeout?: number; fetch?: typeof globalThis.fetch; now?: () => number }): Promise<readonly { check: string; ok: boolean; advice?: string }[]> // ok with advice: a warning
  interface KeyPolicy { Version: '2012-10-17'; Statement: readonly object[] }
  interface KeyPolicyOptions { role: 'administrator' | 'publisher' | 'opener' | 'signer' | 'resealer' | 'reader'; key: string; principals: readonly string[]; accountRoot?: boolean; algs?: readonly string[] }
  function keyPolicy(o: KeyPolicyOptions): { keyPolicy: KeyPolicy; iamPolicy: KeyPolicy } // key: ARN of a key, of all keys (key/*), or of an alias
  function joinPolicies(policies: readonly object[]): KeyPolicy // a key has one policy: the parts of its roles
  function keyTemplate(o: { key: string; spec: string; usage: Purpose['usage']; roles: Partial<Record<KeyPolicyOptions['role'], readonly string[]>>; accountRoot?: boolean; algs?: readonly string[] }): object // CloudFormation; key: ARN of the alias
  interface KeyOptions extends CallOptions { kms?: Kms; store: InventoryStore; key: string; now?: () => number } // key: a thumbprint
  interface LastUse { at: Date; operation: string }
  function retireKey(o: KeyOptions & { keepUntil?: Date; disable?: boolean }): Promise<{ keepUntil: Date; disabled: boolean; lastUse: LastUse | undefined }>
  function deleteKey(o: KeyOptions & { confirm: string; days?: number }): Promise<{ deletes: Date; lastUse: LastUse | undefined; unreadable: string }>
  function restoreKey(o: KeyOptions): Promise<void>
  function revokeKey(o: KeyOptions & { reason: 'superseded' | 'unspecified' | 'compromised'; since?: Date; withdraw?: boolean }): Promise<{ replacedBy: string | undefined; goneBy: Date }>
  interface Step { kind: 'create' | 'set-aside' | 'activate' | 'move-alias' | 'unpublish'; key: string; notBefore: Date; why: string; from?: string }
  type CapacityKey = 'RSA_2048' | 'RSA_3072' | 'RSA_4096' | 'ECC_NIST_P256' | 'ECC_NIST_P384' | 'ECC_NIST_P521' | 'ML_KEM_512' | 'ML_KEM_768' | 'ML_KEM_1024'
  type PricedKey = CapacityKey | 'SYMMETRIC_DEFAULT'
  interface CapacityFact { value: number | null; basis: 'page' | 'quoted' | 'unverified' | 'unknown' | 'yours'; source: string; date: string } // null: unknown, never a guess
  interface CapacityPrices { date: string; source?: string; requests?: Readonly<Partial<Record<PricedKey, number>>>; quotas?: Readonly<Partial<Record<PricedKey, number>>>; keyMonth?: number } // requests: US dollars for 10,000
  interface CapacityOptions { objects?: number | string; values?: number | string; size: number | string; keys?: readonly CapacityKey[]; perSealer?: number; peak?: number; latency?: number; region?: string; context?: Context; frameLength?: number; opens?: number; cache?: boolean; archive?: number | string; every?: string; years?: number; prices?: CapacityPrices } // objects or values, as 100k/day, 20/s; size as 3MB, 3MiB
  interface CapacityCalls { operation: 'Decrypt' | 'DeriveSharedSecret' | 'Decapsulate' | 'GenerateDataKey'; key: PricedKey; perDay: number; average: number; peak: number; quota: CapacityFact; sharedBy: string; share: number | null; price: CapacityFact; costMonth: number | null }
  interface CapacityRow { key: CapacityKey; perWrappedKey: number; resealed: boolean; calls: readonly CapacityCalls[]; callsPerDay: number; keys: { kept: number; symmetric: number; costMonth: number }; costMonth: number | null; storage: { bytesPerDay: number; overheadPerDay: number; gibPerMonth: number } | null; concurrency: number; reopen: { items: number; calls: number; seconds: number | null } }
  interface CapacityPlan { assumed: object; rows: readonly CapacityRow[]; keyKinds: readonly { kind: 'customer managed' | 'imported' | 'AWS managed' | 'AWS owned'; keyMonth: CapacityFact; says: string }[]; keyMonth: CapacityFact; rotationsCharged: CapacityFact; symmetricCiphertext: CapacityFact; notes: readonly string[] }
  function planCapacity(o: CapacityOptions): CapacityPlan // asks nobody; a row for each key, alone and by sealers, as it came and re-sealed
  function planRotation(inventory: KeyInventory, o: { now: Date; every: string }): { steps: readonly Step[]; next: Date }
  interface Orphan { arn: string; purpose: string; created: Date | undefined } // what a lost answer of CreateKey may have left: a lead, never used
  function applyRotation(plan: { steps: readonly Step[] }, o: CallOptions & { kms?: Kms; store: InventoryStore; now?: () => number }): Promise<{ done: readonly Step[]; waiting: readonly Step[]; orphans: readonly Orphan[] | undefined }> // does what is due, returns; orphans undefined: these credentials may not look
  interface FoundKey { arns: readonly string[]; purpose: string; state: string; thumbprint: string | undefined; spec: string; usage: string; origin: string; account: string; created: Date | undefined; aliases: readonly string[]; policy: object | undefined; grants: readonly { principal: string; operations: readonly string[] }[] | undefined; replicas: readonly { arn: string; policy: object | undefined; grants: readonly { principal: string; operations: readonly string[] }[] | undefined }[]; known: boolean }
  function rebuildInventory(o: CallOptions & { kms?: Kms; store: InventoryStore; old?: KeyInventory; purposes?: readonly Purpose[]; enter?: readonly string[]; now?: () => number }): Promise<{ found: readonly FoundKey[]; inventory: KeyInventory | undefined }> // enter: thumbprints; without it nothing is written
}

declare module 'sealdrop/forms' { // a page; the guide's markup cannot submit without the script
  import type { CallOptions, Context, KeySet } from 'sealdrop'
  interface SealedFormFile { field: string; name: string; type: string; size: number; messageId: string; digest: string }
  interface SealedForm { body: FormData; files: readonly SealedFormFile[] } // the names of the form, and sealedFiles: the list of files, sealed
  interface FormOptions extends CallOptions { keys: KeySet; context: Context; submitter?: HTMLElement | null; onProgress?: (p: { done: number; total: number }) => void }
  function sealForm(form: HTMLFormElement, o: FormOptions): Promise<SealedForm> // method="dialog", no action; files of 256 MiB in all
}

declare module 'sealdrop/drop' { // an element of a page: sealed and sent is what people drop into it
  import type { Context, FileRecords, JWK, KeySet, pinned } from 'sealdrop'
  import type { takeDropLink, TransportOptions } from 'sealdrop/upload'
  type DropMessages = import('#dist/doors/drop.js').DropMessages // every text of one language; {name} stands for what is put in
  type Plural = import('#dist/doors/drop.js').Plural
  type Languages = Readonly<Record<string, DropMessages>>
  const en: DropMessages
  const de: DropMessages
  interface DropSettings { // attributes of these names, set-name for setName; a property goes before its attribute
    endpoint?: string | undefined
    keys?: string | KeySet | readonly KeySet[] | undefined
    pins?: string | Parameters<typeof pinned>[0] | undefined // exactly one of pins and roots beside a URL
    roots?: string | readonly JWK[] | undefined
    setName?: string | undefined
    context?: string | Context | undefined
    company?: string | undefined
    link?: NonNullable<ReturnType<typeof takeDropLink>> | undefined // properties only, as are the next two
    headers?: TransportOptions['headers'] | undefined
    records?: FileRecords | null | undefined // default: IndexedDB; null: nothing goes on after a reload
  }
  interface DropReceipt { name: string; size: number; sent: Date; messageId: string; digest: string; key: string; version?: string; length: number; recipients: readonly { thumbprint: string; alg: string }[]; trust: readonly KeySet['trust'][] }
  type QueueState = 'empty' | 'ready' | 'sending' | 'paused' | 'done' | 'failed'
  interface SealdropDrop extends HTMLElement, DropSettings { // events: sealdrop-change, -done, -error, -complete
    messages: Languages | undefined
    readonly state: QueueState
    readonly receipts: readonly DropReceipt[]
    addFiles(files: Iterable<File>): void
    send(): void
    pause(): void
    resume(): void
  }
  interface DefineDropOptions { messages?: Languages }
  function defineDrop(o?: DefineDropOptions): void // <sealdrop-drop>
}

declare module 'sealdrop/upload' { // the page's half of partners' uploads: docs/formats/upload.md
  import type { ByteSource, CallOptions, Context, FileRecords, KeyInfo, Recipients, SealdropErrorCode } from 'sealdrop'
  interface UploadPlan { mode: 'put' | 'multipart'; partLength: number; parts: number }
  function planUpload(length: number, partLength?: number): UploadPlan // one PUT up to 8 MiB, parts of 8 MiB up to 78 GiB, 64 MiB at most
  interface UploadPart { part: number; length: number; sha256: string }
  interface SignedPart { part: number; url: string; headers: Readonly<Record<string, string>> }
  interface UploadedObject { length: number; sha256: string }
  type UploadRequests = import('#dist/doors/upload.js').UploadRequests // what each verb of the protocol is sent
  type UploadAnswers = import('#dist/doors/upload.js').UploadAnswers // and answers
  type UploadOp = keyof UploadRequests
  interface PutAnswer { status: number; code: string; message: string; retryAfter: number } // status 0: a lost connection; milliseconds
  interface PutOptions extends CallOptions { onProgress?: (sent: number) => void }
  interface UploadTransport {
    url?: string // an unfinished upload goes on at the handler that it began at
    ask<Op extends UploadOp>(op: Op, request: UploadRequests[Op], o?: CallOptions & { link?: string | undefined }): Promise<UploadAnswers[Op]>
    put(part: SignedPart, body: Uint8Array<ArrayBuffer>, o?: PutOptions): Promise<PutAnswer>
  }
  type RequestHeaders = Readonly<Record<string, string>>
  interface TransportOptions { headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>); fetch?: typeof globalThis.fetch }
  function uploadTransport(url: string | URL, o?: TransportOptions): UploadTransport
  interface UploadOptions extends CallOptions { context: Context; transport: UploadTransport; records?: FileRecords; partLength?: number; inFlight?: number; name?: string | false; link?: { token: string } | undefined; resume?: boolean; onProgress?: (p: { done: number; total: number }) => void } // records need note and list
  interface UploadedFile { messageId: string; length: number; digest: string; key: string; version?: string; session: string }
  type UploadState = 'running' | 'paused' | 'done' | 'failed' | 'cancelled'
  interface UploadHandle { messageId: string; length: number; recipients: readonly KeyInfo[]; state: UploadState; done: Promise<UploadedFile>; pause(): void; resume(): void; cancel(): Promise<void> }
  function takeDropLink(): { token: string; subject: string; context: Context; expires: Date; files?: number | undefined; bytes?: number | undefined } | undefined // out of the address of the page; nobody has verified it
  function uploadSealed(keys: Recipients, file: Blob | ByteSource, o: UploadOptions): Promise<UploadHandle> // the same file, context and records again: an unfinished upload goes on
  interface UploadAllProgress { done: number; total: number; filesDone: number; filesTotal: number }
  type UploadOutcome = { file: Blob | ByteSource; index: number } & ({ status: 'fulfilled'; value: UploadedFile } | { status: 'rejected'; reason: unknown })
  interface UploadAllOptions extends Omit<UploadOptions, 'context' | 'name' | 'onProgress'> { context: Context | ((file: Blob | ByteSource, index: number) => Context); name?: false; filesInFlight?: number; onProgress?: (p: UploadAllProgress) => void; onFile?: (outcome: UploadOutcome) => void }
  interface UploadAllHandle { done: Promise<readonly UploadOutcome[]>; pause(): void; resume(): void; cancel(): Promise<void> }
  function uploadAll(keys: Recipients, files: Iterable<Blob | ByteSource>, o: UploadAllOptions): UploadAllHandle // one that fails does not stop the others
  interface UnfinishedUpload { messageId: string; name?: string; size: number; modified?: Date; created: Date }
  function unfinishedUploads(records: FileRecords): Promise<readonly UnfinishedUpload[]>
  function forgetUpload(records: FileRecords, messageId: string, o: CallOptions & { transport: UploadTransport }): Promise<void> // its parts and its record, without its file
}

declare module 'sealdrop/uppy' { // uploader plugins for Uppy 6: needs @uppy/core
  import type { BasePlugin, Body, Meta, Uppy, UppyFile } from '@uppy/core'
  import type { Context, FileRecords, Recipients } from 'sealdrop'
  import type { UploadOptions } from 'sealdrop/upload'
  type SealedUploaderFile = Pick<UppyFile<Record<string, unknown>, Record<string, unknown>>, 'id' | 'name' | 'type' | 'size' | 'meta'>
  interface SealedUploaderOptions extends Omit<UploadOptions, 'context' | 'name' | 'onProgress' | 'signal'> { keys: Recipients; context: Context | ((file: SealedUploaderFile) => Context); name?: false; filesInFlight?: number; id?: string }
  class SealedUploader<M extends Meta, B extends Body> extends BasePlugin<SealedUploaderOptions, M, B> { constructor(uppy: Uppy<M, B>, o: SealedUploaderOptions) } // `conflict` beside another uploader or Golden Retriever; asks for unfinished files again
  interface TusRequest { getMethod(): string; getURL(): string; setHeader(header: string, value: string): void; getUnderlyingObject(): unknown }
  interface TusUpload { url: string | null; start(): void; abort(shouldTerminate?: boolean): Promise<void>; findPreviousUploads(): Promise<readonly unknown[]>; resumeFromPreviousUpload(previous: never): void }
  interface SealedTusUploaderOptions { Upload: new (file: Blob, options: never) => TusUpload; endpoint: string; headers?: Readonly<Record<string, string>>; chunkSize?: number; retryDelays?: readonly number[] | null; urlStorage?: object; onBeforeRequest?: (request: TusRequest) => unknown; keys: Recipients; context: Context | ((file: SealedUploaderFile) => Context); name?: false; records?: FileRecords; resume?: boolean; filesInFlight?: number; id?: string }
  class SealedTusUploader<M extends Meta, B extends Body> extends BasePlugin<SealedTusUploaderOptions, M, B> { constructor(uppy: Uppy<M, B>, o: SealedTusUploaderOptions) } // by tus-js-client, which is handed in; a file that is added again goes on
}

declare module 'sealdrop/tus' { // sealed files for tus-js-client 4, which is not imported: docs/guides/tus.md
  import type { ByteSource, CallOptions, Context, FileRecords, KeyInfo, Recipients } from 'sealdrop'
  interface TusSealOptions extends CallOptions { context: Context; records?: FileRecords; name?: string | false; resume?: boolean } // records need note and list
  interface TusSlice { value: Uint8Array<ArrayBuffer>; size: number; done: boolean }
  interface TusFileSource { size: number; slice(start: number, end: number): Promise<TusSlice>; close(): void }
  interface TusFileReader { openFile(input: unknown, chunkSize: number): Promise<TusFileSource> }
  interface TusUploadOptions { fileReader: TusFileReader; metadata: { readonly [key: string]: string }; fingerprint: (file: unknown, options: object) => Promise<string>; chunkSize: number; parallelUploads: 1; storeFingerprintForResuming: boolean; removeFingerprintOnSuccess: true; onShouldRetry: (error: Error) => boolean; onSuccess: () => void }
  interface TusSealed { messageId: string; length: number; digest: string }
  interface TusSealing { messageId: string; length: number; recipients: readonly KeyInfo[]; options: TusUploadOptions; finish(): Promise<TusSealed>; close(o?: { done?: boolean }): Promise<void> } // finish in onSuccess only
  function sealForTus(keys: Recipients, file: Blob | ByteSource, o: TusSealOptions): Promise<TusSealing> // the same file, context and records again: an unfinished upload goes on
}

declare module 'sealdrop/s3' { // partners' uploads to S3: docs/formats/upload.md; needs @aws-sdk/client-s3 and @aws-sdk/s3-request-presigner, no KMS
  import type { S3Client } from '@aws-sdk/client-s3'
  import type { Context, SealdropErrorCode } from 'sealdrop'
  import type { ListenerResponse } from 'sealdrop/serve'
  interface UploadSession { readonly subject: string; readonly key: string; readonly link: string; readonly length: number; readonly begun: Date; readonly expires: Date }
  type UploadAsked =
    | { readonly request: Request; readonly op: 'begin'; readonly context: Context; readonly recipients: readonly string[]; readonly messageId: string; readonly length: number } // what the header says: nobody has verified it
    | { readonly request: Request; readonly op: 'sign' | 'list' | 'complete' | 'abort' | 'receipt'; readonly session: UploadSession }
  interface BegunUpload { readonly key: string; readonly length: number; readonly attempt: string }
  interface UploadGrant { readonly subject: string; readonly prefix?: string; readonly link?: string; reserve?(upload: BegunUpload): unknown; keep?(upload: BegunUpload): unknown; release?(upload: BegunUpload, wasOpen: boolean): unknown } // the same subject at every verb
  type UploadCreateParams = import('#dist/doors/s3.js').UploadCreateParams // encryption, storage class, tags, Object Lock; nothing else
  interface UploadEvent { readonly op?: UploadAsked['op']; readonly status: number; readonly code?: SealdropErrorCode; readonly key?: string; readonly reason?: string }
  interface UploadHandlerOptions { s3: S3Client; bucket: string; prefix: string; authorize: (asked: UploadAsked) => UploadGrant | null | undefined | Promise<UploadGrant | null | undefined>; secrets: readonly (Uint8Array | string)[]; origins: readonly string[]; maxLength?: number; createParams?: (grant: UploadGrant) => UploadCreateParams; receipts?: string; onEvent?: (event: UploadEvent) => void; now?: () => number } // one or two secrets of at least 32 bytes
  interface DropLinkUse { readonly file: string; readonly attempt: string; readonly bytes: number }
  interface DropLinkLimits { readonly files: number; readonly bytes: number; readonly attempts: number }
  interface DropLinkStore {
    reserve(jti: string, use: DropLinkUse, limits: DropLinkLimits, until: Date): Promise<boolean> // counts a file once, and remembers each attempt
    keep(jti: string, use: DropLinkUse): Promise<boolean> // marks the one attempt of a file that may be completed
    unkeep(jti: string, use: DropLinkUse): Promise<void>
    release(jti: string, use: DropLinkUse): Promise<void> // unless it is marked; with the last attempt of a file it is given back
    revoke(jti: string): Promise<void>
    isRevoked(jti: string): Promise<boolean>
  }
  interface DropLinksOptions { keys: import('sealdrop').KeySet; audience: string | URL; store?: DropLinkStore; now?: () => number }
  function dropLinks(o: DropLinksOptions): (asked: UploadAsked) => Promise<UploadGrant | null> // for authorize; a link with limits is refused without a store
  function memoryLinks(o?: { now?: () => number }): DropLinkStore // of one process
  function dynamoDbLinks(o: { dynamoDb: import('#dist/doors/s3.js').DynamoDbLinkOperations; table: string; now?: () => number }): DropLinkStore // new DynamoDB({})
  function redisLinks(o: { redis: import('#dist/doors/s3.js').RedisClient; prefix?: string }): DropLinkStore // a client of redis or ioredis
  function uploadHandler(o: UploadHandlerOptions): (request: Request) => Promise<Response>
  interface UploadListenerRequest extends AsyncIterable<Uint8Array> { readonly method?: string | undefined; readonly url?: string | undefined; readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> }
  function uploadListener(o: UploadHandlerOptions): (request: UploadListenerRequest, response: ListenerResponse) => void // node:http, Express
  function s3Source(o: { s3: S3Client; bucket: string; key: string; version?: string; signal?: AbortSignal }): Promise<import('sealdrop').ByteSource> // each read names ETag and version
  function s3Sink(stream: { readonly readable: ReadableStream<Uint8Array>; readonly length?: number | undefined }, o: { s3: S3Client; bucket: string; key: string; partLength?: number; overwrite?: boolean; params?: UploadCreateParams; signal?: AbortSignal }): Promise<{ readonly key: string; readonly length: number; readonly version?: string }> // completes only after the stream has ended
  function bucketPolicy(o: { bucket: string; prefix: string; receipts?: string; kmsKey?: string }): { bucketPolicy: import('sealdrop/kms').KeyPolicy; iamPolicy: import('sealdrop/kms').KeyPolicy } // what the bucket refuses to everybody, what the handler's role may
  function bucketDoctor(o: { s3: S3Client; bucket: string; prefix: string; origins: readonly string[]; createParams?: (grant: UploadGrant) => UploadCreateParams; unchecked?: boolean; fetch?: typeof globalThis.fetch }): Promise<readonly { check: string; ok: boolean; advice?: string }[]> // ok with advice: a warning; unchecked: a store that takes a wrong checksum is only warned of
  function bucketCors(o: { origins: readonly string[] }): { CORSRules: object[] } // for PutBucketCors
  function bucketLifecycle(o: { prefix: string }): { Rules: object[] } // for PutBucketLifecycleConfiguration
}

declare module 'sealdrop/age' { // Node: stock age seals to a KMS key; no context, so that no value or message opens here
  import type { ByteSource, ByteStream, CallOptions, JWK, KeyInfo, StreamSource } from 'sealdrop'
  import type { InventoryStore, Kms } from 'sealdrop/kms'
  interface HeaderBounds { maxHeaderLength?: number; maxStanzas?: number } // 64 KiB, 128
  function ageRecipient(jwk: JWK): string // age1tag1…
  function ageRecipients(store: InventoryStore, o?: { now?: () => number }): Promise<{ recipients: readonly string[]; text: string; expires: Date }> // purposes with age: true
  function ageRecipientsHandler(store: InventoryStore, o?: { now?: () => number; maxAge?: number }): (request: Request) => Promise<Response> // age.txt
  function sealAge(recipients: string | readonly string[], source: StreamSource, o?: CallOptions & { armor?: boolean }): Promise<ByteStream>
  function inspectAge(source: StreamSource, o?: CallOptions & HeaderBounds): Promise<{ armored: boolean; stanzas: readonly { type: string; tag?: string }[]; headerLength: number; length?: number }>
  interface OpenedAgeInfo { key: KeyInfo; armored: boolean }
  interface AgeOpener {
    ready(o?: CallOptions): Promise<void>
    close(): Promise<void>
    openStream(source: StreamSource, o?: CallOptions): Promise<ByteStream & OpenedAgeInfo> // one DeriveSharedSecret
    openRange(source: Blob | ByteSource, start: number, end: number, o?: CallOptions): Promise<ByteStream & OpenedAgeInfo> // the last chunk first; an armored file is refused
    openFile(input: string | URL, output: string | URL, o?: CallOptions): Promise<OpenedAgeInfo>
  }
  function createAgeOpener(o: HeaderBounds & { kms?: Kms; keys: readonly string[] | InventoryStore; onEvent?: (e: object) => void; now?: () => number }): AgeOpener
}

declare module 'sealdrop/local-kms' {
  interface LocalKms { url: string; keys: Record<string, string>; env: Record<string, string>; clientConfig: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } }; close(): Promise<void> }
  function startLocalKms(o?: { port?: number; dir?: string; region?: string; keys?: readonly { alias: string; spec: string; usage: string }[]; quota?: { rsa?: number; ecc?: number; mlDsa?: number; symmetric?: number } }): Promise<LocalKms> // quota: operations a second, for each account and Region
}
