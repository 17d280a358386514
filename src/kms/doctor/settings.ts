import { clockOf, ensure, hasMethods } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import type { JWK } from '../../formats/jwk.js'
import type { CallOptions } from '../../io/abort.js'
import { isLoopback } from '../../io/secure-url.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import type { Kms } from '../port/port.js'
import { later } from '../rotation/duration.js'
import type { DoctorRole } from './permissions.js'

/** What a doctor looks at. It needs `keySetUrl`, `store` or `root`. */
export interface DoctorOptions extends CallOptions {
  /** Where pages fetch the key set. Default: it is not looked at. */
  readonly keySetUrl?: string
  /**
   * What pages give to `signedBy`. Default: the public half of `root`.
   *
   * - Without either the set is taken for an unsigned one.
   */
  readonly roots?: readonly JWK[]
  /** The name of the set, as pages give it to `signedBy`. Default: `default`. */
  readonly name?: string
  /** The issuer of the set, as pages give it to `signedBy`. Default: any. */
  readonly issuer?: string
  /**
   * The origin of a page that reads the set. Default: `https://page.example`, for any other one.
   */
  readonly origin?: string
  /**
   * How KMS is reached. Default `{}`: the AWS default chain.
   *
   * - KMS is asked only where there is a store or a root.
   */
  readonly kms?: Kms
  /** The inventory. Default: keys, aliases and permissions are not looked at. */
  readonly store?: InventoryStore
  /**
   * ARN, key id or alias of the key that signs the set, where this machine publishes.
   *
   * - Default: it is not looked at.
   */
  readonly root?: string
  /**
   * What this machine does with the keys, which KMS is asked about by DryRun.
   *
   * - Default: `['opener', 'signer']`, and nothing where there is a `root`.
   */
  readonly roles?: readonly DoctorRole[]
  /** How often keys are rotated, as `planRotation` takes it. Default: `P1Y`. */
  readonly every?: string
  /**
   * The time for everything that KMS and the store are asked, in milliseconds. Default: 30,000.
   *
   * The host of the set has 5,000 of its own.
   */
  readonly timeout?: number
  /** Makes the requests to the host of the set. Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

type Defaulted = 'kms' | 'roles' | 'every' | 'origin' | 'now' | 'timeout' | 'fetch'

/** Options that were checked, with their defaults. */
export interface Settings
  extends
    Required<Pick<DoctorOptions, Defaulted>>,
    Omit<DoctorOptions, Defaulted | 'keySetUrl' | 'signal'> {
  readonly url: URL | undefined
}

const optionNames =
  'signal keySetUrl roots name issuer origin kms store root roles every timeout fetch now'
const roleNames: readonly DoctorRole[] = ['opener', 'signer']

/**
 * Checks options, and fills in defaults.
 *
 * @throws SealdropError `invalid_argument`
 */
export function settingsOf(o: DoctorOptions): Settings {
  const {
    keySetUrl,
    root,
    kms = {},
    roles = root === undefined ? roleNames : [],
    every = 'P1Y',
    origin = 'https://page.example',
    timeout = 30_000,
    fetch = globalThis.fetch,
  } = checkOptions(o, optionNames)
  const now = clockOf(o.now)
  const url = keySetUrl === undefined ? undefined : urlOf(keySetUrl)
  const settings = { ...o, url, kms, roles, every, origin, now, timeout, fetch }
  check(settings)
  return settings
}

function check({ url, store, root, roots, roles, timeout, now, every }: Settings): void {
  ensure(
    url !== undefined || store !== undefined || root !== undefined,
    'invalid_argument',
    'doctor: expected keySetUrl, store or root',
  )
  ensure(
    store === undefined || hasMethods(store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  ensure(
    Array.isArray(roles) && roles.every((role) => roleNames.includes(role)),
    'invalid_argument',
    `roles: expected some of ${roleNames.join(', ')}`,
  )
  ensure(
    roots === undefined || areRoots(roots),
    'invalid_argument',
    'roots: expected at least one public JWK, or leave it out',
  )
  ensure(
    Number.isSafeInteger(timeout) && timeout > 0,
    'invalid_argument',
    'timeout: expected milliseconds',
  )
  later(now(), every)
}

const areRoots = (roots: readonly unknown[]): boolean =>
  Array.isArray(roots) &&
  roots.length > 0 &&
  roots.every((jwk) => typeof jwk === 'object' && jwk !== null)

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  ensure(
    url && (url.protocol === 'https:' || isLoopback(url)),
    'invalid_argument',
    'keySetUrl: expected https (or loopback), which pages ask for',
  )
  return url
}
