import { limits } from '../../algorithms/limits.js'
import { fetchDocument } from '../../keys/fetch-document.js'
import { clockFinding } from './clock.js'
import { examined, finding, warning, type Finding } from './finding.js'
import { examineSet, type HostOptions, type Life } from './examine-set.js'

/** A day in seconds. */
const day = 86_400
const types = { signed: 'application/jwk-set+jwt', plain: 'application/jwk-set+json' }

/** Looks at a key set as a page does, and at how its host serves it. */
export async function examineHost(o: HostOptions): Promise<readonly Finding[]> {
  const { url, origin } = o
  const isSigned = o.roots.length > 0
  let headers = new Headers()
  let at = o.now()
  const type = isSigned ? types.signed : types.plain
  const fetch: typeof globalThis.fetch = async (...request) => {
    const response = await o.fetch(...request)
    headers = response?.headers ?? headers
    at = o.now()
    return response
  }
  let document: string | undefined
  const reachable = await examined('key set: reachable', async () => {
    ;({ document } = await fetchDocument({
      url,
      accept: isSigned ? type : `${type}, application/json;q=0.9`,
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
    ...servedAs(headers, { type, origin, isSigned }),
    ...set.findings,
    ...cached(headers, set.life, at),
    ...clock,
  ]
}

/** For how many seconds a cache has had the answer (RFC 9111 §5.1). */
const ageOf = (headers: Headers): number => Number(headers.get('age')) || 0

/** Headers that the answer must have. */
interface Served {
  readonly type: string
  readonly origin: string
  readonly isSigned: boolean
}

const servedAs = (headers: Headers, o: Served): readonly Finding[] => [
  contentType(headers, o),
  cors(headers, o),
  ...(o.isSigned ? [vary(headers)] : []),
]

function contentType(headers: Headers, { type, isSigned }: Served): Finding {
  const check = 'key set: content type'
  const [stated = ''] = (headers.get('content-type') ?? 'none').split(';')
  const found = stated.trim().toLowerCase()
  const fits = found === type || (!isSigned && found === 'application/json')
  if (fits) return finding(check)
  return finding(
    check,
    `expected ${type}, found ${found}: let keySetHandler answer, or set the type where the file is stored, and serve the signed set to whoever accepts ${types.signed}`,
  )
}

function cors(headers: Headers, { origin }: Served): Finding {
  const check = 'key set: CORS'
  const allowed = headers.get('access-control-allow-origin')
  if (allowed === '*' || allowed === origin) return finding(check)
  return finding(
    check,
    `a page of ${origin} cannot read it: expected Access-Control-Allow-Origin: *, found ${allowed ?? 'none'}`,
  )
}

function vary(headers: Headers): Finding {
  const check = 'key set: Vary'
  const names = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
  if (names.includes('accept') || names.includes('*')) return finding(check)
  return warning(
    check,
    'answers differ by Accept, but do not say Vary: Accept: a cache gives the plain set to who asks for the signed one, unless this address has nothing else',
  )
}

/** Whether caches keep the answer for the right time (RFC 9111 §5.2.2). */
function cached(headers: Headers, life: Life | undefined, now: number): readonly Finding[] {
  const check = 'key set: cache'
  const control = headers.get('cache-control') ?? ''
  if (control === '')
    return [
      warning(
        check,
        'no Cache-Control: caches guess how long they keep it; expected max-age=300, as keySetHandler says',
      ),
    ]
  if (life && life.to <= now) return [] // it is over already
  const longest = Math.max(0, ...keptFor(control)) - ageOf(headers)
  const left = life ? (life.to - now) / 1000 : day
  const lifetime = life ? (life.to - life.from) / 1000 : day
  if (longest > left) {
    const why = life
      ? `it expires in ${Math.max(0, Math.floor(left))} s`
      : 'a key set should not be older than a day'
    const wrong = `caches keep it for ${longest} s, but ${why}: expected max-age=300, as keySetHandler says`
    return [finding(check, wrong)]
  }
  if (longest <= lifetime / 2) return [finding(check)]
  return [
    warning(
      check,
      `caches keep it for ${longest} s, more than half of its life of ${lifetime} s: a key that is taken back is believed for so much longer; expected max-age=300`,
    ),
  ]
}

/** The seconds that a Cache-Control names. */
function keptFor(control: string): readonly number[] {
  const stated = control.matchAll(
    /\b(?:s-maxage|max-age|stale-while-revalidate|stale-if-error)="?(\d{1,10})/gi,
  )
  return [...stated].map(([, seconds]) => Number(seconds))
}
