import { setMaxListeners } from 'node:events'
import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { blaming } from '../../errors/whose.js'
import { abortable } from '../../io/abort.js'
import { DryRunPort } from '../port/dry-run-port.js'
import { loadSdk } from '../port/peer.js'
import { isDenied } from '../port/aws-errors.js'
import { checkInventory } from '../inventory/check-inventory.js'
import { isMade, type InventoryStore, type KeyInventory } from '../inventory/inventory-model.js'
import type { KeyDescription } from '../port/port.js'
import { examineAliases } from './aliases.js'
import { clockFinding } from './clock.js'
import { examined, finding, type Finding } from './finding.js'
import { examineHost } from './host.js'
import { examineKeys } from './keys.js'
import { examineOrphans } from './orphans.js'
import { examinePermissions } from './permissions.js'
import { examineRoot, type ExaminedRoot } from './root.js'
import { examineRotation } from './rotation.js'
import { settingsOf, type DoctorOptions, type Settings } from './settings.js'

/**
 * Looks at a set-up from where it runs, changes nothing, and says what to do.
 *
 * - The key set: can it be reached, is it signed by a root, fresh, cached rightly, and readable for
 *   pages of other origins?
 * - Its keys: do they take files, or values only?
 * - Keys and aliases: are they in KMS what the inventory says?
 * - Permissions: may these credentials do what they need, and no more? KMS is asked by DryRun.
 * - Rotation: is a step overdue?
 * - Leftovers: may a making of a key that was cut off have left a key behind? It is told to those
 *   who may list keys.
 * - Clocks: do they agree?
 *
 * @returns a finding for each check. One that is `ok` and has advice is a warning. What is wrong is
 *   an answer, also that KMS cannot be reached
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, there is nothing to look at, or KMS is to be asked and
 *     its client is not installed
 *   - `unsupported_algorithm`, `keys_malformed`: a root is no public key that signs
 * @example
 *   ```js
 *   import { readFile } from 'node:fs/promises'
 *   import { doctor } from 'sealdrop/kms'
 *   const roots = [JSON.parse(await readFile('root.json', 'utf8'))]
 *   const keySetUrl = 'https://keys.example.com/signed-keys.json'
 *   const findings = await doctor({ keySetUrl, roots, root: 'alias/root' })
 *   const wrong = findings.filter(({ ok }) => !ok).map(({ check, advice }) => [check, advice])
 *   console.log(findings.length > 5, wrong) // true []
 *   ```
 * @see design.md, "Trust"; kms-facts.md, "Rules"
 */
export function doctor(o: DoctorOptions): Promise<readonly Finding[]> {
  return blaming('operator', () => findingsOf(o))
}

async function findingsOf(o: Parameters<typeof doctor>[0]): Promise<readonly Finding[]> {
  const settings = settingsOf(o ?? {})
  o.signal?.throwIfAborted()
  // what it asks nothing is not needed; otherwise say so once, and not at each check
  if (settings.store || settings.root !== undefined) await loadSdk()
  const ends = [AbortSignal.timeout(settings.timeout), ...(o.signal ? [o.signal] : [])]
  const signal = AbortSignal.any(ends)
  // many checks run side by side
  setMaxListeners(0, signal)
  const port = new DryRunPort(settings.kms)
  try {
    const findings = await examine(port, settings, signal)
    o.signal?.throwIfAborted()
    return findings
  } finally {
    port.close()
  }
}

async function examine(
  port: DryRunPort,
  o: Settings,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { inventory, findings: reading } = await examineStore(o.store, signal)
  const root: ExaminedRoot =
    o.root === undefined ? { findings: [] } : await examineRoot(port, o.root, o.roots, signal)
  const host = o.url ? await examineKeySet(o.url, o, { root, inventory }) : []
  const kept = inventory ? await examineInventory(port, inventory, o, signal) : []
  const [anyKey] = inventory?.keys.flatMap(({ arns = [] }) => arns) ?? []
  const clock = await examineClock(port, o.root ?? anyKey, o.now, signal)
  const orphans = inventory ? await examineOrphans(o.kms, inventory, signal) : []
  return [...reading, ...host, ...root.findings, ...kept, ...clock, ...orphans]
}

async function examineStore(
  store: InventoryStore | undefined,
  signal: AbortSignal,
): Promise<{ readonly inventory?: KeyInventory; readonly findings: readonly Finding[] }> {
  if (!store) return { findings: [] }
  const check = 'inventory: can be read'
  let inventory: KeyInventory | undefined
  const findings = await examined(check, async () => {
    inventory = await abortable(read(store), signal)
    return finding(check)
  })
  return { ...(inventory && { inventory }), findings }
}

function examineKeySet(
  url: URL,
  { roots, origin, name, issuer, fetch, now }: Settings,
  found: { readonly root: ExaminedRoot; readonly inventory: KeyInventory | undefined },
): Promise<readonly Finding[]> {
  const { root, inventory } = found
  const own = root.jwk ? [root.jwk] : []
  return examineHost({ url, origin, roots: roots ?? own, name, issuer, fetch, inventory, now })
}

async function examineInventory(
  port: DryRunPort,
  inventory: KeyInventory,
  { roles, every, now }: Settings,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const described = describing(port, signal)
  // a key whose state these credentials may not see is taken for enabled, so that it is asked
  const isEnabled = (arn: string): Promise<boolean> =>
    described(arn).then((found) => found?.state === 'Enabled', isDenied)
  const examination = { inventory, described, now: now() }
  const made = inventory.keys.filter(isMade)
  return [
    ...(await examineKeys(examination)),
    ...(await examineAliases(examination)),
    ...(await examinePermissions(port, made, { roles, isEnabled, signal })),
    examineRotation(inventory, now(), every),
  ]
}

/** Asks KMS about each key or alias once; the answer is undefined where there is none. */
function describing(
  port: DryRunPort,
  signal: AbortSignal,
): (name: string) => Promise<KeyDescription | undefined> {
  const known = new Map<string, Promise<KeyDescription | undefined>>()
  return (name) => {
    const found = known.get(name) ?? port.describe(name, signal).catch(unlessGone)
    known.set(name, found)
    return found
  }
}

function unlessGone(error: unknown): undefined {
  if (!isSealdropError(error) || error.code !== 'key_unusable') throw error
}

/**
 * Compares the clocks.
 *
 * @param key - any key that KMS can be asked about
 */
async function examineClock(
  port: DryRunPort,
  key: string | undefined,
  now: () => number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (key === undefined || signal.aborted) return []
  const time = await port.time(key, signal).catch(() => undefined)
  return clockFinding('KMS', time, now())
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
