import { ensure, kindOf, shown } from '../errors/guard.js'
import type { ListedFault } from './injected/injected-faults.js'
import type { FaultRule } from './injected/rules.js'
import { keySpecs } from './key-specs.js'
import { isRegion } from './state/key-model.js'
import { defaultCredentials, parseCredentials, type Credentials } from './policy/credentials.js'
import type { TrailRecord } from './trail/trail-record.js'

/** A key to have behind an alias. */
export interface LocalKmsKey {
  /** With or without `alias/` in front. */
  readonly alias: string
  /** A KeySpec: RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521. */
  readonly spec: string
  /** A KeyUsage that fits the spec: ENCRYPT_DECRYPT, SIGN_VERIFY, KEY_AGREEMENT. */
  readonly usage: string
}

export interface LocalKmsOptions {
  /** Default 0: any free port. */
  readonly port?: number
  /**
   * Folder for keys and aliases, made if it does not exist; private keys lie in it unencrypted.
   * Default: memory only.
   */
  readonly dir?: string
  /** Default us-east-1. One folder holds each Region's keys apart. */
  readonly region?: string
  /**
   * More Regions on the same port: the signature of a request names the one that is meant. Default:
   * none.
   */
  readonly regions?: readonly string[]
  /**
   * JSON text of a credentials file: who may call, and with which IAM policies. Default: one
   * account, one access key, full access.
   */
  readonly credentials?: string
  /**
   * Key ids and key material follow from this text, so that a test finds the same keys again.
   * Default: random keys.
   */
  readonly seed?: string
  /**
   * The time in milliseconds, which decides when keys are deleted and rotated. Default: Date.now.
   */
  readonly now?: () => number
  /**
   * Faults to inject from the start: `{ kind: 'throttle', operation: 'Decrypt', count: 2 }`.
   * Default: none.
   */
  readonly faults?: readonly FaultRule[]
  /** Called after each call with an entry shaped like CloudTrail's. Default: none. */
  readonly onCall?: (entry: TrailRecord) => void
  /** Each is made unless its alias is there already. */
  readonly keys?: readonly LocalKmsKey[]
}

export interface LocalKmsFaults {
  /** @throws SealdropError `invalid_argument` naming the member */
  add(rule: FaultRule): string
  /** Whether it was there. */
  remove(id: string): boolean
  list(): readonly ListedFault[]
  clear(): void
}

/** A running server. */
export interface LocalKms {
  /** `http://127.0.0.1:<port>`; the server listens on loopback only. */
  readonly url: string
  /** Key ARNs of the `keys` asked for, by alias as it was given. */
  readonly keys: Record<string, string>
  /**
   * Environment for other processes, of the first access key: AWS_ENDPOINT_URL_KMS, AWS_REGION and
   * AWS_DEFAULT_REGION (which boto3 and the AWS CLI read), AWS_ACCESS_KEY_ID,
   * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN where it has one.
   */
  readonly env: Record<string, string>
  /** For `new KMSClient(clientConfig)`. */
  readonly clientConfig: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  }
  /**
   * Faults on demand: `add` answers an id, `list` how often each struck, `remove` and `clear` end
   * them.
   */
  readonly faults: LocalKmsFaults
  /** Stops accepting, ends idle connections, lets running operations finish, frees `dir`. */
  close(): Promise<void>
}

export interface CheckedOptions {
  readonly port: number
  readonly dir: string | undefined
  readonly region: string
  /** All of them, `region` first. */
  readonly regions: readonly string[]
  readonly seed: string | undefined
  readonly credentials: Credentials
  readonly faults: readonly FaultRule[]
  readonly onCall: ((entry: TrailRecord) => void) | undefined
  readonly now: () => number
  readonly keys: readonly LocalKmsKey[]
}

/** Fills in defaults. @throws SealdropError `invalid_argument` naming the option */
export function checkOptions(options: LocalKmsOptions): CheckedOptions {
  ensureKind(typeof options === 'object' && options !== null, 'expected an options object', options)
  onlyKnown(options, optionNames, 'options')
  const { port = 0, dir, region = 'us-east-1', regions = [], credentials } = options
  const { seed, now = Date.now, faults = [], onCall, keys = [] } = options
  checkPort(port)
  ensureKind(dir !== '' && isTextOrAbsent(dir), 'dir: expected the path of a folder', dir)
  checkRegion('region', region)
  ensureKind(Array.isArray(regions), 'regions: expected an array', regions)
  ;[...regions].forEach((name, index) => checkRegion(`regions[${index}]`, name))
  const isFile = isTextOrAbsent(credentials)
  ensureKind(isFile, 'credentials: expected the JSON text of a credentials file', credentials)
  ensureKind(isTextOrAbsent(seed), 'seed: expected text', seed)
  ensureKind(typeof now === 'function', 'now: expected a function', now)
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
    onCall,
    keys,
    credentials: credentials === undefined ? defaultCredentials : parseCredentials(credentials),
  }
}

/** Says what was expected and what kind of value came. */
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

const optionNames: readonly (keyof LocalKmsOptions)[] = [
  'port',
  'dir',
  'region',
  'regions',
  'credentials',
  'seed',
  'now',
  'faults',
  'onCall',
  'keys',
]

/** A misspelt option would be one that silently does nothing. */
function onlyKnown(value: object, known: readonly string[], at: string): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  ensure(
    unknown === undefined,
    'invalid_argument',
    `${at}: there is no ${shown(unknown ?? '')}; expected ${known.join(', ')}`,
  )
}

/** Times go into the files of keys, so each must be one. */
function checkedClock(now: () => number): () => number {
  const clock = (): number => {
    const time: unknown = now()
    ensure(
      typeof time === 'number' && Number.isFinite(time),
      'invalid_argument',
      `now: expected milliseconds, found ${typeof time === 'number' ? time : kindOf(time)}`,
    )
    return time
  }
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
  onlyKnown(key, ['alias', 'spec', 'usage'], `keys[${index}]`)
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
