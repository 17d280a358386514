import type { JWK } from '../../formats/jwk.js'
import { isSealdropError, type SealdropError } from '../../errors/sealdrop-error.js'
import { parseSignedSet, setClaims } from '../../formats/signed-set.js'
import { makeKeys } from '../../keys/key.js'
import { selectForSealing } from '../../keys/select.js'
import type { Believed, Trust } from '../../keys/trust.js'
import { overHttps } from '../../trust/over-https.js'
import { signedBy } from '../../trust/signed-by.js'
import type { KeyInventory } from '../inventory/inventory-model.js'
import { publishedKeys } from '../inventory/published-keys.js'
import { timeOf } from '../rotation/when.js'
import { examineFiles } from './examine-files.js'
import { examined, finding, warning, type Finding } from './finding.js'

/** What a page knows of a key set, and what it is compared with. */
export interface HostOptions {
  readonly url: URL
  /** The origin of a page that reads the set. */
  readonly origin: string
  /** Whom pages believe. Where there is no root, that is whoever serves the set. */
  readonly roots: readonly JWK[]
  readonly name: string | undefined
  readonly issuer: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly inventory: KeyInventory | undefined
  readonly now: () => number
}

/** When a signed set was signed and ends, in milliseconds since 1970. */
export interface Life {
  readonly from: number
  readonly to: number
}

/** What was found out about a set. */
export interface ExaminedSet {
  readonly findings: readonly Finding[]
  /** The life of a signed set that a root vouches for. */
  readonly life?: Life
}

/** How old a set may be: publishers ask, and caches keep, every 5 minutes. */
const caches = 10 * 60_000
const check = {
  signed: 'key set: signed by a root',
  usable: 'key set: usable',
  fresh: 'key set: fresh',
  complete: 'key set: has the keys of the inventory',
}

/** Looks at the set itself: who vouches for it, whether it is fresh, and which keys it has. */
export function examineSet(document: string, o: HostOptions): Promise<ExaminedSet> {
  return o.roots.length > 0 ? examineSigned(document, o) : examinePlain(document, o)
}

async function examinePlain(document: string, o: HostOptions): Promise<ExaminedSet> {
  const now = o.now()
  const unsigned = warning(
    check.signed,
    'not looked at, since no root was given: whoever serves the set is believed. Sign it (createPublisher with a root), and give roots here and signedBy in pages',
  )
  const { believed, wrong } = await accepted(overHttps(), document, now)
  if (wrong) return { findings: [unsigned, finding(check.usable, told(wrong))] }
  const keys = await examineBelieved(believed, o.inventory, now)
  return { findings: [unsigned, ...keys] }
}

async function examineSigned(document: string, o: HostOptions): Promise<ExaminedSet> {
  const now = o.now()
  const { roots, name, issuer } = o
  const expected = {
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer }),
  }
  const { believed, wrong } = await accepted(signedBy(roots, expected), document, now)
  if (wrong && wrong.code !== 'keys_expired')
    return { findings: [finding(check.signed, told(wrong))] }
  const { iat, exp } = setClaims(parseSignedSet(document).payload)
  const life = { from: iat * 1000, to: exp * 1000 }
  const signed = [finding(check.signed), freshness(life, now, wrong?.message)]
  if (!believed) return { findings: signed, life }
  const keys = await examineBelieved(believed, o.inventory, now)
  return { findings: [...signed, ...keys], life }
}

/** The keys that are believed, or why none is. */
type Verdict =
  | { readonly believed: Believed; readonly wrong?: undefined }
  | { readonly believed?: undefined; readonly wrong: SealdropError }

async function accepted(trust: Trust, document: string, now: number): Promise<Verdict> {
  try {
    return { believed: await trust.accept(document, { now }) }
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return { wrong: error }
  }
}

const told = ({ code, message }: SealdropError): string => `${code}: ${message}`

async function examineBelieved(
  believed: Believed,
  inventory: KeyInventory | undefined,
  now: number,
): Promise<readonly Finding[]> {
  const usable = await examined(check.usable, () => examineUsable(believed, inventory, now))
  const files = await examineFiles(believed.keys, now)
  const complete = inventory ? [compared(believed, inventory, now)] : []
  return [...usable, ...files, ...complete]
}

async function examineUsable(
  believed: Believed,
  inventory: KeyInventory | undefined,
  now: number,
): Promise<Finding> {
  const keys = await makeKeys(believed.keys, {})
  const uses = inventory ? publishedKeys(inventory) : keys.keys.map(({ info }) => info)
  if (uses.some(({ use }) => use === 'enc')) selectForSealing(keys, [], now)
  if (keys.passedOver.length === 0) return finding(check.usable)
  return warning(check.usable, `keys are passed over: ${keys.passedOver.join('; ')}`)
}

/** Compares the keys of the set with those that the inventory publishes now. */
function compared(believed: Believed, inventory: KeyInventory, now: number): Finding {
  const there = believed.keys.map(({ kid }) => kid)
  const here: readonly (string | undefined)[] = publishedKeys(inventory).map(({ kid }) => kid)
  const missing = here.filter((kid) => !there.includes(kid))
  const unknown = there.filter((kid) => !here.includes(kid))
  const differing = [...missing, ...unknown]
  if (differing.length === 0) return finding(check.complete)
  const lacks = missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : []
  const has =
    unknown.length > 0 ? [`it has ${unknown.join(', ')}, which the inventory does not publish`] : []
  const wrong = `${[...lacks, ...has].join('; ')}: the publisher or a cache is behind (5 minutes are usual), reads another inventory, or somebody changed the set`
  const isNew = differing.every((kid) => hasJustChanged(kid, inventory, now))
  return isNew ? warning(check.complete, wrong) : finding(check.complete, wrong)
}

function hasJustChanged(kid: string | undefined, { keys }: KeyInventory, now: number): boolean {
  const own = keys.filter(({ thumbprint }) => thumbprint === kid)
  const dates = own.flatMap(({ published, unpublished, disabled }) => [
    published,
    unpublished,
    disabled,
  ])
  return dates.some((date) => Math.abs(now - timeOf(date)) < caches)
}

function freshness({ from, to }: Life, now: number, expired: string | undefined): Finding {
  if (expired)
    return finding(
      check.fresh,
      `${expired} Is the publisher running, and may it sign with the root?`,
    )
  const used = (now - from) / (to - from)
  if (used <= 0.5) return finding(check.fresh)
  return warning(
    check.fresh,
    `${Math.round(used * 100)} % of its life are over, it expires at ${new Date(to).toISOString()}: the publisher signs anew after a quarter; is it running, and may it sign with the root?`,
  )
}
