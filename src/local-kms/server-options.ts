import { clockOf, ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { checkOptions } from '../errors/options.js'
import type { ListedFault } from './injected/injected-faults.js'
import { checkQuota, type LocalKmsQuota } from './injected/quotas.js'
import type { FaultRule } from './injected/rules.js'
import { keySpecs } from './key-specs.js'
import { isRegion } from './state/key-model.js'
import { defaultCredentials, parseCredentials, type Credentials } from './policy/credentials.js'
import type { TrailRecord } from './trail/trail-record.js'

/** A key that a local KMS has from the start, behind an alias. */
export interface LocalKmsKey {
  /** The alias, with or without `alias/` in front. */
  readonly alias: string
  /** A KeySpec of KMS: `RSA_3072`, `ECC_NIST_P256`, `ML_DSA_65`. */
  readonly spec: string
  /** A KeyUsage that fits the spec: `ENCRYPT_DECRYPT`, `KEY_AGREEMENT`, `SIGN_VERIFY`. */
  readonly usage: string
}

/** How a local KMS runs, and what it has from the start. */
export interface LocalKmsOptions {
  /** The port on 127.0.0.1. Default 0: any free one. */
  readonly port?: number
  /**
   * A folder that keeps keys and aliases. Default: they are kept in memory only.
   *
   * - It is made if it does not exist. One server at a time can use it.
   * - Private keys lie in it unencrypted.
   */
  readonly dir?: string
  /** The Region. Default: `us-east-1`. A folder keeps the keys of each Region apart. */
  readonly region?: string
  /**
   * More Regions on the same port. Default: none.
   *
   * - The signature of a request names the Region that is meant.
   */
  readonly regions?: readonly string[]
  /**
   * The JSON text of a credentials file: who may call, and with which IAM policies.
   *
   * - Default: one account with one access key, which may do everything.
   */
  readonly credentials?: string
  /**
   * A text from which key ids and key material follow. Default: they are random.
   *
   * - A test finds the same keys again with the same text.
   */
  readonly seed?: string
  /**
   * The time in milliseconds since 1970. Default: `Date.now`.
   *
   * - It decides when keys are deleted and rotated.
   */
  readonly now?: () => number
  /**
   * Faults that are injected from the start. Default: none.
   *
   * - For example `{ kind: 'throttle', operation: 'Decrypt', count: 2 }`.
   */
  readonly faults?: readonly FaultRule[]
  /**
   * What an account may do in a Region in a second of the machine's clock. Default: no quota.
   *
   * - More is answered `ThrottlingException`, as KMS does. A refused call does not count.
   */
  readonly quota?: LocalKmsQuota
  /** Called after each call, with an entry shaped like CloudTrail's. Default: nobody is told. */
  readonly onCall?: (entry: TrailRecord) => void
  /**
   * Keys to have from the start. Default: none.
   *
   * - A key whose alias is there already stays as it is.
   */
  readonly keys?: readonly LocalKmsKey[]
}

/** The faults that a running server injects. */
export interface LocalKmsFaults {
  /**
   * Adds a fault, and answers its id.
   *
   * @throws SealdropError when it is called:
   *   - `invalid_argument`: a member of the rule is wrong; the message names it
   */
  add(rule: FaultRule): string
  /** Ends a fault, and answers whether it was there. */
  remove(id: string): boolean
  /** Lists the faults, and how many calls each has struck. */
  list(): readonly ListedFault[]
  /** Ends all faults. */
  clear(): void
}

/** A running server. */
export interface LocalKms {
  /** Its URL, `http://127.0.0.1:<port>`. */
  readonly url: string
  /** The ARNs of the keys that were asked for, by their alias as it was given. */
  readonly keys: Record<string, string>
  /**
   * The environment for other processes, with the first access key.
   *
   * - It has AWS_ENDPOINT_URL_KMS, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
   * - It has AWS_REGION, and AWS_DEFAULT_REGION for boto3 and the AWS CLI.
   * - It has AWS_SESSION_TOKEN where the access key has one.
   */
  readonly env: Record<string, string>
  /** The configuration for `new KMSClient(clientConfig)`, and for `kms` of the companion. */
  readonly clientConfig: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  }
  /** The faults that it injects, to be changed while it runs. */
  readonly faults: LocalKmsFaults
  /**
   * Ends the server, and frees `dir`.
   *
   * - It takes no more calls, ends idle connections, and lets running operations finish.
   */
  close(): Promise<void>
}

/** The options with their defaults, checked. */
export interface CheckedOptions {
  readonly port: number
  readonly dir: string | undefined
  readonly region: string
  /** All Regions, `region` first. */
  readonly regions: readonly string[]
  readonly seed: string | undefined
  readonly credentials: Credentials
  readonly faults: readonly FaultRule[]
  readonly quota: LocalKmsQuota
  readonly onCall: ((entry: TrailRecord) => void) | undefined
  readonly now: () => number
  readonly keys: readonly LocalKmsKey[]
}

/**
 * Checks options, and fills in defaults.
 *
 * @throws SealdropError `invalid_argument` naming the option, `malformed` for `credentials`
 */
export function checkServerOptions(options: LocalKmsOptions): CheckedOptions {
  ensureKind(typeof options === 'object' && options !== null, 'expected an options object', options)
  checkOptions(options, 'port dir region regions credentials seed now faults quota onCall keys')
  const { port = 0, dir, region = 'us-east-1', regions = [], credentials } = options
  const { seed, now, faults = [], onCall, keys = [] } = options
  checkPort(port)
  ensureKind(dir !== '' && isTextOrAbsent(dir), 'dir: expected the path of a folder', dir)
  checkRegion('region', region)
  ensureKind(Array.isArray(regions), 'regions: expected an array', regions)
  ;[...regions].forEach((name, index) => checkRegion(`regions[${index}]`, name))
  const isFile = isTextOrAbsent(credentials)
  ensureKind(isFile, 'credentials: expected the JSON text of a credentials file', credentials)
  ensureKind(isTextOrAbsent(seed), 'seed: expected text', seed)
  ensureKind(Array.isArray(faults), 'faults: expected an array', faults)
  const isReader = onCall === undefined || typeof onCall === 'function'
  ensureKind(isReader, 'onCall: expected a function', onCall)
  checkKeys(keys)
  return {
    port,
    dir,
    region,
    regions: [...new Set([region, ...regions])],
    seed,
    now: checkedClock(now),
    faults: [...faults],
    quota: checkQuota(options.quota),
    onCall,
    keys,
    credentials: credentials === undefined ? defaultCredentials : parseCredentials(credentials),
  }
}

/** Refuses a value, and says what was expected and what kind of value came. */
function ensureKind(holds: boolean, expected: string, found: unknown): void {
  ensure(holds, 'invalid_argument', `${expected}, found ${kindOf(found)}`)
}

const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string'

function checkPort(port: unknown): void {
  const found = typeof port === 'number' ? port : kindOf(port)
  ensure(
    Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535,
    'invalid_argument',
    `port: expected an integer from 0 to 65535, found ${found}`,
  )
}

function checkKeys(keys: readonly LocalKmsKey[]): void {
  ensureKind(Array.isArray(keys), 'keys: expected an array', keys)
  ;[...keys].forEach(checkKey)
  const names = keys.map(({ alias }) => aliasOf(alias))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  ensure(twice === undefined, 'invalid_argument', `keys: ${shown(twice ?? '')} is there twice`)
}

/** A clock that checks each time, since times go into the files of keys. The first is now. */
function checkedClock(now: (() => number) | undefined): () => number {
  const clock = clockOf(now)
  clock()
  return clock
}

function checkRegion(name: string, region: unknown): void {
  ensure(
    isRegion(region),
    'invalid_argument',
    `${name}: expected the name of a Region like us-east-1, found ${shown(String(region))}`,
  )
}

/** The alias name as KMS writes it. */
export const aliasOf = (alias: string): string =>
  alias.startsWith('alias/') ? alias : `alias/${alias}`

function checkKey(key: LocalKmsKey, index: number): void {
  ensureKind(typeof key === 'object' && key !== null, `keys[${index}]: expected an object`, key)
  checkOptions(key, 'alias spec usage', `keys[${index}]`)
  const { alias, spec, usage } = key
  const named = typeof alias === 'string' && /^alias\/(?!aws\/)[\w/-]{1,250}$/.test(aliasOf(alias))
  ensure(
    named,
    'invalid_argument',
    `keys[${index}].alias: expected letters, digits, /, _ and - that do not begin with aws/, found ${shown(String(alias))}`,
  )
  const row = keySpecs.get(spec)
  ensure(
    row,
    'invalid_argument',
    `keys[${index}].spec: expected one of ${[...keySpecs.keys()].join(', ')}, found ${shown(String(spec))}`,
  )
  ensure(
    Object.hasOwn(row.algorithms, usage),
    'invalid_argument',
    `keys[${index}].usage: ${spec} takes ${Object.keys(row.algorithms).join(' or ')}, found ${shown(String(usage))}`,
  )
}
