import { awsNameOf, isDenied } from '../port/aws-errors.js'
import type { Purpose } from '../inventory/inventory-model.js'
import type { ListingPort } from '../port/listing-port.js'
import { loadKey } from '../port/load-key.js'
import { unless, type Grant } from '../port/management-port.js'
import type { KeyDescription } from '../port/port.js'
import type { OpenerKey } from '../../open/opener-key.js'
import type { Aliased } from './aliased-keys.js'
import { claimedPurpose, idOf, regionsOf } from './orphans.js'

/**
 * A key that KMS has and that says, or whose alias says, that it is for a purpose.
 *
 * - Anybody who may make keys can make one that says so. Look at who may use it before you enter it.
 * - KMS does not tell who made a key. CloudTrail does: the event `CreateKey` has its ARN.
 */
export interface FoundKey {
  /** Its ARN, and those of its replicas. */
  readonly arns: readonly string[]
  /** The purpose that its alias belongs to, or that its description names. */
  readonly purpose: string
  /** The KMS KeyState: only an `Enabled` key can be entered. */
  readonly state: string
  /** The thumbprint of its public half (RFC 7638). Undefined where KMS does not hand it out. */
  readonly thumbprint: string | undefined
  /** KMS KeySpec. */
  readonly spec: string
  /** KMS KeyUsage. */
  readonly usage: string
  /** Where its material comes from: `AWS_KMS`, or `EXTERNAL`, which somebody has a copy of. */
  readonly origin: string
  /** The AWS account that it is in. */
  readonly account: string
  /** When it was made. */
  readonly created: Date | undefined
  /** The names of its aliases. */
  readonly aliases: readonly string[]
  /** Its key policy. Undefined where these credentials may not see it. */
  readonly policy: object | undefined
  /** Its grants, 100 at most. Undefined where these credentials may not see them. */
  readonly grants: readonly Grant[] | undefined
  /** The same of each replica, which is a key that others may use. */
  readonly replicas: readonly FoundReplica[]
  /** Whether the inventory that is rebuilt has it already. */
  readonly known: boolean
}

/** Who may use a replica of a key. */
export interface FoundReplica extends Pick<FoundKey, 'policy' | 'grants'> {
  readonly arn: string
}

/** A key that was found, with what an inventory needs of it. */
export interface Finding {
  readonly shown: FoundKey
  readonly loaded: OpenerKey | undefined
}

/** What is looked for. */
export interface Search {
  readonly purposes: readonly Purpose[]
  /** The ARNs that the inventory has already. */
  readonly known: ReadonlySet<string>
  /** Which key the alias of each purpose names: its ARN by the name of the purpose. */
  readonly aliased: ReadonlyMap<string, Aliased>
  readonly signal: AbortSignal | undefined
}

/** Finds the keys of purposes in KMS. Replicas count with their primary. */
export async function findKeys(port: ListingPort, o: Search): Promise<readonly Finding[]> {
  const found: Finding[] = []
  const seen = new Set<string>()
  for (const alias of regionsOf(o)) {
    const aliases = await port.aliasesIn(alias, o.signal)
    for await (const key of port.keysIn(alias, o.signal)) {
      const purpose = purposeFor(key, o)
      if (!purpose || seen.has(key.arn)) continue
      for (const arn of key.arns) seen.add(arn)
      const named = aliases.get(idOf(key.arn)) ?? []
      found.push(await look(port, { ...key, purpose, aliases: named }, o))
    }
  }
  return found
}

/** An alias is an administrator's word, and counts before what a description claims. */
function purposeFor(key: KeyDescription, { purposes, aliased }: Search): Purpose | undefined {
  const byAlias = purposes.find(({ name }) => key.arns.includes(aliased.get(name)?.arn ?? ''))
  return byAlias ?? purposes.find(({ name }) => name === claimedPurpose(key))
}

interface Candidate extends KeyDescription {
  readonly purpose: Purpose
  readonly aliases: readonly string[]
}

async function look(
  port: ListingPort,
  key: Candidate,
  { known, signal }: Search,
): Promise<Finding> {
  const { arn, arns, purpose, state, spec, usage, origin, account, created, aliases } = key
  const alg = usage === purpose.usage ? purpose.alg : undefined
  const isEnabled = state === 'Enabled'
  const loaded = isEnabled ? await loadKey(port, arn, alg, signal).catch(unlessOdd) : undefined
  const others = arns.filter((other) => other !== arn)
  const replicas: FoundReplica[] = []
  for (const other of others) replicas.push({ arn: other, ...(await usersOf(port, other, signal)) })
  const shown: FoundKey = {
    arns,
    purpose: purpose.name,
    state,
    thumbprint: loaded?.info.thumbprint,
    spec,
    usage,
    origin,
    account,
    created,
    aliases,
    ...(await usersOf(port, arn, signal)),
    replicas,
    known: arns.some((one) => known.has(one)),
  }
  return { shown, loaded }
}

/** Who may use a key, by its policy and by grants. */
async function usersOf(
  port: ListingPort,
  arn: string,
  signal: AbortSignal | undefined,
): Promise<Pick<FoundKey, 'policy' | 'grants'>> {
  const policy = await port.policyOf(arn, signal).catch(unlessHidden)
  const grants = await port.grantsOf(arn, signal).catch(unlessHidden)
  return { policy: policy === undefined ? undefined : (JSON.parse(policy) as object), grants }
}

/**
 * A key that says something false of itself has no thumbprint: it is symmetric, or of another kind
 * than people seal to.
 */
function unlessOdd(error: unknown): undefined {
  if (isDenied(error) || awsNameOf(error) === 'UnsupportedOperationException') return undefined
  return unless(
    'invalid_argument',
    'unsupported_algorithm',
    'keys_malformed',
    'malformed',
    'key_unusable',
  )(error)
}

/** What these credentials may not see, or a client of one Region cannot, and keys that just went. */
function unlessHidden(error: unknown): undefined {
  if (isDenied(error)) return undefined
  return unless('key_unusable', 'invalid_argument')(error)
}
