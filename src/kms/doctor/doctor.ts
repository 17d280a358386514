import { setMaxListeners } from 'node:events'
import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import type { JWK } from '../../formats/jwk.js'
import { thumbprintOf } from '../../keys/key.js'
import { abortable, type CallOptions } from '../../io/abort.js'
import { DryRunPort } from '../dry-run-port.js'
import { isDenied } from '../faults.js'
import { isMade, type InventoryStore, type KeyInventory } from '../inventory/model.js'
import { checkInventory } from '../inventory/check.js'
import { loadKey } from '../load-key.js'
import type { KeyDescription, Kms } from '../port.js'
import { later } from '../rotation/duration.js'
import { clockFinding } from './clock.js'
import { examined, finding, type Finding } from './finding.js'
import { examineHost } from './host.js'
import { examineAliases } from './aliases.js'
import { examineKeys } from './keys.js'
import { examinePermissions, examineUse, type DoctorRole } from './permissions.js'
import { examineRotation } from './rotation.js'

export interface DoctorOptions extends CallOptions {
  /** Where pages fetch the key set. Default: it is not looked at. */
  readonly keySetUrl?: string
  /**
   * What pages give to `signedBy`. Default: the public half of `root`, and without either the set
   * is taken for an unsigned one.
   */
  readonly roots?: readonly JWK[]
  /** As pages give them to `signedBy`. Default: `default`, and any issuer. */
  readonly name?: string
  readonly issuer?: string
  /** Origin of a page that reads the set. Default: `https://page.example`, any other one. */
  readonly origin?: string
  /**
   * How KMS is reached. Default `{}`: the AWS default chain; asked only where there is a store or a
   * root.
   */
  readonly kms?: Kms
  /** The inventory. Default: keys, aliases and permissions are not looked at. */
  readonly store?: InventoryStore
  /**
   * ARN, key id or alias of the key that signs the set, where this machine publishes. Default: it
   * is not looked at.
   */
  readonly root?: string
  /**
   * What this machine does with the keys, to be asked by DryRun. Default: `['opener', 'signer']`,
   * and nothing where `root` says that it publishes.
   */
  readonly roles?: readonly DoctorRole[]
  /** How often keys are rotated, as for planRotation. Default: `P1Y`. */
  readonly every?: string
  /** Milliseconds for all that is asked. Default: 30,000. */
  readonly timeout?: number
  /** Default: globalThis.fetch. */
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number
}

const roleNames: readonly DoctorRole[] = ['opener', 'signer']

/**
 * Looks at a set-up from where it runs, and changes nothing: whether the key set can be reached, is
 * signed by the roots, fresh, cached rightly and readable for pages; whether keys and aliases are
 * in KMS what the inventory says; what these credentials may do, by DryRun; whether a rotation is
 * due; whether clocks agree.
 *
 * @returns a finding for each check; one that is `ok` and has advice is a warning. What is wrong is
 *   an answer, not an error
 * @throws SealdropError `invalid_argument`
 * @see design.md, "Trust"; kms-facts.md, "Rules"
 */
export async function doctor(o: DoctorOptions): Promise<readonly Finding[]> {
  const {
    keySetUrl,
    store,
    root,
    kms = {},
    roles = root === undefined ? roleNames : [],
    every = 'P1Y',
    origin = 'https://page.example',
    now = Date.now,
    timeout = 30_000,
  } = o ?? {}
  ensure(
    keySetUrl !== undefined || store !== undefined || root !== undefined,
    'invalid_argument',
    'doctor: expected keySetUrl, store or root',
  )
  const url = keySetUrl === undefined ? undefined : urlOf(keySetUrl)
  ensure(
    store === undefined || typeof store.read === 'function',
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  ensure(
    Array.isArray(roles) && roles.every((role) => roleNames.includes(role)),
    'invalid_argument',
    `roles: expected some of ${roleNames.join(', ')}`,
  )
  ensure(
    o.roots === undefined ||
      (Array.isArray(o.roots) &&
        o.roots.length > 0 &&
        o.roots.every((jwk) => typeof jwk === 'object' && jwk !== null)),
    'invalid_argument',
    'roots: expected at least one public JWK, or leave it out',
  )
  ensure(
    Number.isSafeInteger(timeout) && timeout > 0,
    'invalid_argument',
    'timeout: expected milliseconds',
  )
  later(now(), every)
  o.signal?.throwIfAborted()
  const signal = AbortSignal.any([AbortSignal.timeout(timeout), ...(o.signal ? [o.signal] : [])])
  setMaxListeners(0, signal) // checks run side by side
  const port = new DryRunPort(kms)
  try {
    const findings: Finding[] = []
    let inventory: KeyInventory | undefined
    if (store) {
      findings.push(
        ...(await examined('inventory: can be read', async () => {
          inventory = await abortable(read(store), signal)
          return finding('inventory: can be read')
        })),
      )
    }
    const signing = root === undefined ? undefined : await examineRoot(port, root, o.roots, signal)
    if (url)
      findings.push(
        ...(await examineHost({
          url,
          origin,
          roots: o.roots ?? (signing?.jwk ? [signing.jwk] : []),
          name: o.name,
          issuer: o.issuer,
          fetch: o.fetch ?? globalThis.fetch,
          inventory,
          now,
        })),
      )
    findings.push(...(signing?.findings ?? []))
    if (inventory)
      findings.push(...(await examineInventory(port, inventory, { roles, every, now, signal })))
    const asked = root ?? inventory?.keys.flatMap(({ arns = [] }) => arns)[0]
    if (asked !== undefined && !signal.aborted)
      findings.push(
        ...clockFinding('KMS', await port.time(asked, signal).catch(() => undefined), now()),
      )
    o.signal?.throwIfAborted()
    return findings
  } finally {
    port.close()
  }
}

async function examineInventory(
  port: DryRunPort,
  inventory: KeyInventory,
  o: Required<Pick<DoctorOptions, 'roles' | 'every' | 'now'>> & { readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  const known = new Map<string, Promise<KeyDescription | undefined>>()
  const described = (name: string): Promise<KeyDescription | undefined> => {
    const found = known.get(name) ?? port.describe(name, o.signal).catch(unlessGone)
    known.set(name, found)
    return found
  }
  const isEnabled = (arn: string): Promise<boolean> =>
    described(arn).then((found) => found?.state === 'Enabled', isDenied) // where it cannot be told it is asked
  const examination = { inventory, described, now: o.now() }
  return [
    ...(await examineKeys(examination)),
    ...(await examineAliases(examination)),
    ...(await examinePermissions(port, inventory.keys.filter(isMade), {
      roles: o.roles,
      isEnabled,
      signal: o.signal,
    })),
    examineRotation(inventory, o.now(), o.every),
  ]
}

const unlessGone = (error: unknown): undefined => {
  if (!isSealdropError(error) || error.code !== 'key_unusable') throw error
}

/** The root as the publisher uses it. */
async function examineRoot(
  port: DryRunPort,
  root: string,
  roots: readonly JWK[] | undefined,
  signal: AbortSignal,
): Promise<{ readonly jwk?: JWK; readonly findings: readonly Finding[] }> {
  const check = `root: is there and signs (${root})`
  try {
    const {
      arn,
      jwk,
      info: { alg, use, thumbprint },
    } = await loadKey(port, root, undefined, signal)
    if (use !== 'sig')
      return {
        findings: [finding(check, 'it encrypts; a root is a key with the usage SIGN_VERIFY')],
      }
    const given = roots && (await Promise.all(roots.map(thumbprintOf)))
    const known = finding(
      'root: pages know it',
      given !== undefined &&
        !given.includes(thumbprint) &&
        `it is ${thumbprint}, pages have ${given.join(', ')}: pages with both come first, then the publisher changes its root`,
    )
    return {
      jwk: { ...jwk, kid: thumbprint, use, alg },
      findings: [
        finding(check),
        known,
        ...(await examineUse(
          port,
          { usage: 'SIGN_VERIFY', jwk, alg, arn, role: 'publisher', writtenBy: 'signer' },
          signal,
        )),
      ],
    }
  } catch (error) {
    return { findings: await examined(check, () => Promise.reject(error)) }
  }
}

async function read(store: InventoryStore): Promise<KeyInventory> {
  const found = await store.read()
  ensure(
    found,
    'key_not_found',
    'there is no inventory yet: write one with its purposes and no keys, then run planRotation and applyRotation',
  )
  return checkInventory(found.inventory, 'malformed')
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  ensure(
    url &&
      (url.protocol === 'https:' ||
        (url.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))),
    'invalid_argument',
    'keySetUrl: expected https (or loopback), which pages ask for',
  )
  return url
}
