import { limits } from '../algorithms/limits.js'
import { isJoseNameOf, signatureOf, type SignatureName } from '../algorithms/signatures.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import { utf8 } from '../bytes/text.js'
import type { AlgorithmProvider } from '../crypto/provider.js'
import { verifierOf } from '../crypto/verifier.js'
import { ensure, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { jsonText } from '../formats/content.js'
import { allows, isRevoked, publicMembers, statements, type JWK } from '../formats/jwk.js'
import { reservedTypes } from '../formats/jws.js'
import { parseSignedSet, setClaims } from '../formats/signed-set.js'
import { thumbprintOf } from '../keys/key.js'
import type { Believed, Trust } from '../keys/trust.js'
import type { SetStore } from '../keys/set-store.js'
import { isNewer, SetMemory, type SignedSet } from './set-memory.js'

/** Which signed set is meant, and what it must say of itself. */
export interface SignedByOptions {
  /**
   * The set's name, which its `sub` must be; one root may sign several sets.
   *
   * Default: `default`, of a history `history`.
   */
  readonly name?: string
  /** What the set's `iss` must be. Default: any, since the root says who signed. */
  readonly issuer?: string
  /**
   * Where the newest set is kept, so that an older one is not believed after a restart.
   *
   * Default: in memory.
   */
  readonly store?: SetStore
  /**
   * Whether the set is a history: every signing key that there ever was, to verify old signatures.
   *
   * - `createPublisher` publishes one with its own option `history`
   * - its `typ` is `jwk-set-history+jwt`, so that neither passes for the other under any name
   * - it has at most 1,024 keys, in 1 MiB
   *
   * Default: false.
   */
  readonly history?: boolean
  /**
   * For algorithms of roots that the runtime lacks: `mlDsa()` of `sealdrop/ml-dsa`. Default: none.
   */
  readonly providers?: readonly AlgorithmProvider[]
}

interface Root {
  readonly jwk: PublicMembers
  readonly alg: SignatureName
  /** Seconds since 1970: what it signed at another time is not believed. */
  readonly nbf: number | undefined
  readonly exp: number | undefined
}

const hour = 3_600_000
const tolerance = 60_000
const longest = 7 * 24 * hour
const ahead = 24 * hour

/**
 * Believes the keys of a set that one of these roots signed, for as long as the set says.
 *
 * - a set that is older than the newest one seen is ignored, and the newer one kept while it lives
 * - name several roots while one is being replaced by another
 *
 * @param roots - public JWKs that come with the page or the configuration, never from where the set
 *   comes from; an RSA root without `alg` signs PS256
 * @returns a trust for `fetchKeySet`, `importKeySet` or `verifyReceiptFile`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: there is no root, one is private, not for signatures or taken back, or
 *     the store has no `get` and `put`
 *   - `unsupported_algorithm`: a root's key does not sign, or not with its `alg`
 *   - `keys_malformed`: a member of a root has the wrong length
 * @throws SealdropError while fetching keys, from each verb that uses the set:
 *   - `keys_untrusted`: the set is unsigned, another key signed it, or it is not the set `name`;
 *     a history where a set is expected, or the other way round
 *   - `keys_expired`: the set is over, or this clock is wrong
 *   - `keys_rolled_back`: the set is older than one seen before, which is over too
 *   - `keys_malformed`: this is no signed set
 *   - `output_failed`: the store cannot be reached, or cannot be written
 *   - `source_failed`: the store cannot be read
 * @example
 *   ```js
 *   import { fetchKeySet, indexedDbSets, seal, signedBy } from 'sealdrop'
 *   import root from './root.json' with { type: 'json' }
 *   const keys = fetchKeySet('https://keys.example.com/signed-keys.json', {
 *     trust: signedBy([root], { store: indexedDbSets() }),
 *   })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   console.log(keys.trust, sealed.split('.').length) // signed 5
 *   ```
 * @see design.md, "Trust"; RFC 7515 §5.2, RFC 7519 §4.1
 */
export function signedBy(roots: readonly JWK[], o: SignedByOptions = {}): Trust {
  ensure(
    Array.isArray(roots) && roots.length > 0,
    'invalid_argument',
    'roots: expected public JWKs',
  )
  const given = checkOptions(o, 'name issuer store history providers')
  const { history = false, name = history ? 'history' : 'default', issuer, store } = given
  const rows = roots.map(rootOf)
  // as they are now: an object that is changed later must not change what is believed
  const rules = { ...given, name }
  const memory = new SetMemory(store)
  const names = [name, issuer].filter((part) => part !== undefined)
  // a slash in a name must not make one id of two
  const id = /\//.test(names.join('')) ? `//${JSON.stringify(names)}` : names.join('/')
  const idOf = (root: string): string => `${history ? 'history/' : ''}${root}/${id}`

  /** By thumbprint: what a set names. */
  const byThumbprint = async (): Promise<ReadonlyMap<string, Root>> =>
    new Map(
      await Promise.all(rows.map(async (root) => [await thumbprintOf(root.jwk), root] as const)),
    )

  const read = async (document: string): Promise<SignedSet> =>
    readSet(document, byThumbprint, rules)

  const look = async (): Promise<void> =>
    memory.look([...(await byThumbprint()).keys()].map(idOf), read)

  return {
    kind: 'signed',
    ...(history && { history, most: limits.history }),
    async accept(document, { now, past }): Promise<Believed> {
      const found = await read(document)
      if (past) return { keys: found.claims.keys }
      await look()
      if (newer(found, memory.newest, now) === found) await memory.keep(found, idOf, read)
      // the store may have had a newer one
      return believed(newer(found, memory.newest, now))
    },
    async recall({ now }): Promise<string | undefined> {
      await look()
      const { newest } = memory
      return newest && !whyNot(newest, now) ? newest.document : undefined
    },
  }
}

/**
 * Reads the set of a document, once its signature and its names are right.
 *
 * Its times are still to be looked at.
 */
async function readSet(
  document: string,
  byThumbprint: () => Promise<ReadonlyMap<string, Root>>,
  { name, issuer, history, providers }: SignedByOptions & { readonly name: string },
): Promise<SignedSet> {
  const { header, signingInput, signature, payload } = parseSignedSet(document)
  const { kid = '', alg, typ = 'none' } = header
  const expected = history ? reservedTypes.history : reservedTypes.keySet
  trusted(typ === expected, `has the type ${shown(typ)}, expected ${expected}`)
  const roots = await byThumbprint()
  const root = roots.get(kid)
  trusted(
    root,
    `is signed by ${shown(kid)}, none of the roots (${[...roots.keys()].join(', ')}): ` +
      "another publisher's, a forged one, or the root was replaced",
  )
  trusted(isJoseNameOf(root.alg, alg), `is signed with ${shown(alg)}, its root signs ${root.alg}`)
  const verifies = await verifierOf(root.jwk, root.alg, providers)
  trusted(
    await verifies(signature, utf8(signingInput)),
    'was changed, or another key signed it: its signature does not verify',
  )
  const claims = setClaims(payload, history ? limits.historyKeys : undefined)
  const { nbf = -Infinity, exp = Infinity } = root
  trusted(claims.iat >= nbf && claims.iat < exp, 'is signed when its root was not valid')
  trusted(claims.sub === name, `is named ${shown(claims.sub)}, expected ${shown(name)}`)
  trusted(
    issuer === undefined || claims.iss === issuer,
    `is issued by ${shown(claims.iss)}, expected ${shown(issuer ?? '')}`,
  )
  trusted((claims.exp - claims.iat) * 1000 <= longest, 'lives longer than 7 days')
  return { document, root: kid, claims }
}

function trusted(condition: unknown, why: string): asserts condition {
  ensure(condition, 'keys_untrusted', `the key set ${why}`)
}

function rootOf(jwk: JWK, index: number): Root {
  const where = `roots[${index}]`
  ensure(
    typeof jwk === 'object' && jwk !== null,
    'invalid_argument',
    `${where}: expected a public JWK`,
  )
  jsonText(jwk, where)
  ensure(!('d' in jwk || 'priv' in jwk), 'invalid_argument', `${where}: is a private key`)
  const { use = 'sig', nbf, exp } = statements(jwk)
  ensure(
    use === 'sig' && allows(jwk, 'sig') && !isRevoked(jwk),
    'invalid_argument',
    `${where}: expected one whose use is sig, whose key_ops verify, and that was not taken back`,
  )
  const members = publicMembers(jwk)
  const alg = signatureOf(members, jwk.alg)
  ensure(
    alg,
    'unsupported_algorithm',
    `${where}: alg ${shown(String(jwk.alg))}, expected one that this key signs with`,
  )
  return { jwk: members, alg, nbf, exp }
}

/**
 * The newer one of a set that was found and the newest one seen, where it is valid now.
 *
 * @throws SealdropError `keys_expired`, `keys_rolled_back`
 */
function newer(found: SignedSet, newest: SignedSet | undefined, now: number): SignedSet {
  if (newest && isNewer(newest, found)) {
    if (!whyNot(newest, now)) return newest
    ensure(
      found.claims.ver === newest.claims.ver,
      'keys_rolled_back',
      `the key set is older (ver ${found.claims.ver}) than one seen before ` +
        `(ver ${newest.claims.ver}), which has expired: an old copy, or a host that is behind?`,
    )
  }
  const why = whyNot(found, now)
  ensure(!why, 'keys_expired', `${why}`)
  return found
}

const believed = ({ document, claims: { keys, exp } }: SignedSet): Believed => ({
  keys,
  document,
  expires: exp * 1000 + tolerance,
})

/** Why a set is not valid now: the clock is named, since it may be the cause. */
function whyNot({ claims: { iat, exp } }: SignedSet, now: number): string | undefined {
  const clock = `this clock says ${new Date(now).toISOString()}: is it right?`
  if (now >= exp * 1000 + tolerance)
    return (
      `the key set expired at ${new Date(exp * 1000).toISOString()}: ` +
      `its host is behind, or serves an old one; ${clock}`
    )
  return iat * 1000 > now + ahead
    ? `the key set was signed at ${new Date(iat * 1000).toISOString()}; ${clock}`
    : undefined
}
