import { limits } from '../../algorithms/limits.js'
import type { JWK } from '../../formats/jwk.js'
import { parseSignedSet, setClaims } from '../../formats/signed-set.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { fetchDocument } from '../../keys/fetch-document.js'
import { makeKeys } from '../../keys/key.js'
import { selectForSealing } from '../../keys/select.js'
import type { Trust } from '../../keys/trust.js'
import { overHttps } from '../../trust/over-https.js'
import { signedBy } from '../../trust/signed-by.js'
import type { KeyInventory } from '../inventory/model.js'
import { publishedKeys } from '../inventory/published-keys.js'
import { timeOf } from '../rotation/when.js'
import { clockFinding } from './clock.js'
import { examined, finding, warning, type Finding } from './finding.js'

export interface HostOptions {
  readonly url: URL
  /** Of a page that reads the set. */
  readonly origin: string
  /** None: whoever serves the set is believed. */
  readonly roots: readonly JWK[]
  readonly name: string | undefined
  readonly issuer: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly inventory: KeyInventory | undefined
  readonly now: () => number
}

/** Publishers ask, and caches keep, for 5 minutes each. */
const caches = 10 * 60_000
const types = { signed: 'application/jwk-set+jwt', plain: 'application/jwk-set+json' }

/** Looks at a key set as a page does, and at how it is served. */
export async function examineHost(o: HostOptions): Promise<readonly Finding[]> {
  const { url, origin, roots } = o
  let headers = new Headers()
  let at = o.now()
  const type = roots.length > 0 ? types.signed : types.plain
  const fetch: typeof globalThis.fetch = async (...request) => {
    const response = await o.fetch(...request)
    ;({ headers } = response)
    at = o.now()
    return response
  }
  let document: string | undefined
  const reachable = await examined('key set: reachable', async () => {
    ;({ document } = await fetchDocument({
      url,
      accept: roots.length > 0 ? type : `${type}, application/json;q=0.9`,
      headers: { origin },
      fetch,
      timeout: 5_000,
      revalidate: false,
      most: limits.keySet,
    }))
    return finding('key set: reachable')
  })
  const clock = clockFinding(
    'the host of the key set',
    Date.parse(headers.get('date') ?? ''),
    at,
    ageOf(headers) * 1000,
  )
  if (document === undefined) return [...reachable, ...clock]
  const set = await examineSet(document, o)
  return [
    ...reachable,
    ...servedAs(headers, { type, origin, isSigned: roots.length > 0 }),
    ...set.findings,
    ...cached(headers, set.life, at),
    ...clock,
  ]
}

/** Seconds that a cache has had it (RFC 9111 §5.1). */
const ageOf = (headers: Headers): number => Number(headers.get('age')) || 0

function servedAs(
  headers: Headers,
  {
    type,
    origin,
    isSigned,
  }: { readonly type: string; readonly origin: string; readonly isSigned: boolean },
): readonly Finding[] {
  const found = (headers.get('content-type') ?? 'none').split(';')[0]!.trim().toLowerCase()
  const fits = found === type || (!isSigned && found === 'application/json')
  const allowed = headers.get('access-control-allow-origin')
  const varies = (headers.get('vary') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return [
    finding(
      'key set: content type',
      !fits &&
        `expected ${type}, found ${found}: let keySetHandler answer, or set the type where the file is stored, and serve the signed set to whoever accepts ${types.signed}`,
    ),
    finding(
      'key set: CORS',
      allowed !== '*' &&
        allowed !== origin &&
        `a page of ${origin} cannot read it: expected Access-Control-Allow-Origin: *, found ${allowed ?? 'none'}`,
    ),
    ...(isSigned
      ? [
          varies.includes('accept') || varies.includes('*')
            ? finding('key set: Vary')
            : warning(
                'key set: Vary',
                'answers differ by Accept, but do not say Vary: Accept: a cache gives the plain set to who asks for the signed one, unless this address has nothing else',
              ),
        ]
      : []),
  ]
}

/** When a signed set was signed and ends, in milliseconds since 1970. */
interface Life {
  readonly from: number
  readonly to: number
}

async function examineSet(
  document: string,
  o: HostOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly life?: Life }> {
  const { roots, name, issuer, inventory } = o
  const now = o.now()
  const isSigned = roots.length > 0
  const trust: Trust = isSigned
    ? signedBy(roots, {
        ...(name !== undefined && { name }),
        ...(issuer !== undefined && { issuer }),
      })
    : overHttps()
  const believed = await trust.accept(document, { now }).catch((error: unknown) => {
    if (!isSealdropError(error)) throw error
    return error
  })
  const wrong = isSealdropError(believed) ? believed : undefined
  const signed = isSigned
    ? finding(
        'key set: signed by a root',
        wrong && wrong.code !== 'keys_expired' && `${wrong.code}: ${wrong.message}`,
      )
    : warning(
        'key set: signed by a root',
        'not looked at, since no root was given: whoever serves the set is believed. Sign it (createPublisher with a root), and give roots here and signedBy in pages',
      )
  if (isSigned && wrong && wrong.code !== 'keys_expired') return { findings: [signed] }
  if (!isSigned && wrong)
    return { findings: [signed, finding('key set: usable', `${wrong.code}: ${wrong.message}`)] }
  const claims = isSigned ? setClaims(parseSignedSet(document).payload) : undefined
  const life = claims && { from: claims.iat * 1000, to: claims.exp * 1000 }
  const findings = [signed, ...(life ? [freshness(life, now, wrong?.message)] : [])]
  if (!isSealdropError(believed)) {
    const published = inventory && publishedKeys(inventory)
    findings.push(
      ...(await examined('key set: usable', async () => {
        const keys = await makeKeys(believed)
        if ((published ?? keys.keys.map(({ info }) => info)).some(({ use }) => use === 'enc'))
          selectForSealing(keys, [], now)
        return keys.passedOver.length > 0
          ? warning('key set: usable', `keys are passed over: ${keys.passedOver.join('; ')}`)
          : finding('key set: usable')
      })),
    )
    if (published) {
      const [there, here] = [believed.map(({ kid }) => kid), published.map(({ kid }) => kid)]
      const [missing, unknown] = [
        here.filter((kid) => !there.includes(kid)),
        there.filter((kid) => !here.includes(kid as string)),
      ]
      const check = 'key set: has the keys of the inventory'
      const wrong =
        (missing.length > 0 || unknown.length > 0) &&
        [
          missing.length > 0 && `it lacks ${missing.join(', ')}`,
          unknown.length > 0 &&
            `it has ${unknown.join(', ')}, which the inventory does not publish`,
        ]
          .filter(Boolean)
          .join('; ')
          .concat(
            ': the publisher or a cache is behind (5 minutes are usual), reads another inventory, or somebody changed the set',
          )
      const isNew = [...missing, ...unknown].every((kid) =>
        inventory.keys.some(
          ({ thumbprint, published: since, unpublished, disabled }) =>
            thumbprint === kid &&
            [since, unpublished, disabled].some((date) => Math.abs(now - timeOf(date)) < caches),
        ),
      )
      findings.push(wrong && isNew ? warning(check, wrong) : finding(check, wrong))
    }
  }
  return { findings, ...(life && { life }) }
}

function freshness({ from, to }: Life, now: number, expired: string | undefined): Finding {
  if (expired)
    return finding(
      'key set: fresh',
      `${expired} Is the publisher running, and may it sign with the root?`,
    )
  const used = (now - from) / (to - from)
  return used > 0.5
    ? warning(
        'key set: fresh',
        `${Math.round(used * 100)} % of its life are over, it expires at ${new Date(to).toISOString()}: the publisher signs anew after a quarter; is it running, and may it sign with the root?`,
      )
    : finding('key set: fresh')
}

/** What caches do with it (RFC 9111 §5.2.2). */
function cached(headers: Headers, life: Life | undefined, now: number): readonly Finding[] {
  const check = 'key set: cache'
  const control = headers.get('cache-control') ?? ''
  const stated = [
    ...control.matchAll(
      /\b(?:s-maxage|max-age|stale-while-revalidate|stale-if-error)="?(\d{1,10})/gi,
    ),
  ].map(([, seconds]) => Number(seconds))
  if (control === '')
    return [
      warning(
        check,
        'no Cache-Control: caches guess how long they keep it; expected max-age=300, as keySetHandler says',
      ),
    ]
  if (life && life.to <= now) return [] // it is over already
  const longest = Math.max(0, ...stated) - ageOf(headers)
  const left = life ? (life.to - now) / 1000 : 86_400
  const lifetime = life ? (life.to - life.from) / 1000 : 86_400
  if (longest > left)
    return [
      finding(
        check,
        `caches keep it for ${longest} s, but ${life ? `it expires in ${Math.max(0, Math.floor(left))} s` : 'a key set should not be older than a day'}: expected max-age=300, as keySetHandler says`,
      ),
    ]
  return [
    longest > lifetime / 2
      ? warning(
          check,
          `caches keep it for ${longest} s, more than half of its life of ${lifetime} s: a key that is taken back is believed for so much longer; expected max-age=300`,
        )
      : finding(check),
  ]
}
