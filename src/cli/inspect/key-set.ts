import { limits } from '../../algorithms/limits.js'
import { isSignatureName } from '../../algorithms/signatures.js'
import { allows, isRevoked, keysOf, type JWK } from '../../formats/jwk.js'
import { reservedTypes, type Jws } from '../../formats/jws.js'
import { setClaims } from '../../formats/signed-set.js'
import { makeKeys, type Key } from '../../keys/key.js'
import { whyNot } from '../../keys/select.js'
import {
  commandLine,
  fact,
  grouped,
  namedInput,
  problem,
  problemsOf,
  timeFact,
  type Fact,
  type Problem,
  type Report,
} from './report.js'
import type { Seen } from './seen.js'
import { headerFacts, headerProblems } from './token.js'

/** A row of a set, and whether it is used now. */
interface Row {
  readonly kid: string
  readonly thumbprint: string
  readonly alg: string
  readonly use: 'enc' | 'sig'
  readonly arn?: string | undefined
  readonly made?: string | undefined
  readonly expires?: string | undefined
  /** Why it is not sealed to, or verifies nothing. */
  readonly why?: string | undefined
}

/** The keys of a set as they would be used. */
interface Rows {
  readonly rows: readonly Row[]
  readonly passedOver: readonly string[]
}

async function rowsOf(jwks: readonly JWK[], now: number): Promise<Rows> {
  const { keys, passedOver } = await makeKeys(jwks, {})
  const rows = keys.map((key) => ({
    kid: key.kid,
    thumbprint: key.info.thumbprint,
    alg: key.info.alg,
    use: key.info.use,
    arn: key.info.arn,
    made: key.info.issuedAt?.toISOString(),
    expires: key.info.expires?.toISOString(),
    why: key.info.use === 'enc' ? whyNot(key, now) : whyNotVerifying(key),
  }))
  return { rows, passedOver }
}

/** Why a key verifies nothing that is signed now. Old signatures are judged by when they were made. */
function whyNotVerifying({ info, stated, rows }: Key): string | undefined {
  if (!isSignatureName(info.alg)) return `alg ${info.alg} is none that KMS signs with`
  if (!allows(stated, 'sig')) return 'its key_ops do not allow to verify'
  return rows.some((row) => isRevoked(row.stated)) ? 'was taken back' : undefined
}

const uses = { enc: 'to seal to', sig: 'to verify with' } as const

function rowLine({ kid, thumbprint, alg, use, arn, expires, why }: Row): string {
  const said = [
    `${alg} ${uses[use]}`,
    ...(kid === thumbprint ? [] : [`kid ${JSON.stringify(kid)}`]),
    ...(arn === undefined ? [] : [arn]),
    ...(expires === undefined ? [] : [`until ${expires}`]),
  ]
  return `${thumbprint} ${said.join(', ')}${why === undefined ? '' : `: not used, ${why}`}`
}

const rowFacts = ({ rows, passedOver }: Rows): readonly Fact[] => [
  fact('keys', 'keys', rows, rows.map(rowLine)),
  fact('passedOver', 'passed over', passedOver.length > 0 ? passedOver : undefined, passedOver),
]

function rowProblems({ rows }: Rows): readonly Problem[] {
  const usable = rows.filter(({ why }) => why === undefined)
  if (usable.length > 0) return []
  return [problem('no_usable_key', 'no key in it can be sealed to, or verifies')]
}

/** What is done with a set, by what its keys are for. */
function waysOf({ rows }: Rows, source: readonly string[]): Report['ways'] {
  const usable = rows.filter(({ why }) => why === undefined)
  const commands = { enc: ['seal', '-r'], sig: ['verify', '-k'] } as const
  const who = {
    enc: 'whoever believes it, to seal',
    sig: 'whoever believes it, to verify',
  } as const
  return (['enc', 'sig'] as const)
    .filter((use) => usable.some((row) => row.use === use))
    .map((use) => ({ who: who[use], command: commandLine([...commands[use], ...source, 'FILE']) }))
}

const fileOf = ({ input: { name } }: Seen): string => namedInput(name)[0] ?? '/dev/stdin'

/** What a key set or a key in JSON says, which nobody signed. */
export async function lookAtKeySet(seen: Seen): Promise<Report> {
  const document = await seen.text()
  const json = await seen.json()
  const isKey = json['keys'] === undefined
  const found = await rowsOf(keysOf(isKey ? { keys: [json] } : json), seen.now)
  return {
    kind: isKey ? 'key' : 'key-set',
    words: isKey ? 'a public key (JWK)' : 'a key set that nobody signed (JWK Set)',
    facts: [fact('signed', 'signed', false), ...rowFacts(found)],
    does: 'uses',
    ways: waysOf(found, [fileOf(seen), '--pin', 'THUMBPRINT']),
    problems: [...lengthProblems(document, limits.keySet), ...rowProblems(found)],
  }
}

const lengthProblems = (document: string, most: number): readonly Problem[] =>
  problemsOf([
    document.length > most,
    'too_large',
    `whoever fetches it takes at most ${grouped(most)} bytes`,
  ])

const isHistory = ({ header }: Jws): boolean => header.typ === reservedTypes.history

/** What a signed set or a history says. */
export async function lookAtSignedSet(seen: Seen): Promise<Report> {
  const jws = await seen.jws()
  const document = await seen.text()
  const history = isHistory(jws)
  const claims = setClaims(jws.payload, history ? limits.historyKeys : limits.keys)
  const found = await rowsOf(claims.keys, seen.now)
  const ways = history
    ? [historyWay(fileOf(seen))]
    : waysOf(found, [fileOf(seen), '--root', 'ROOT', ...namedSet(claims.sub)])
  return {
    kind: history ? 'history' : 'key-set',
    words: history
      ? 'a history of signing keys, signed (JWS)'
      : 'a key set that is signed (JWS of a JWK Set)',
    facts: [
      fact('signed', 'signed', true),
      ...headerFacts(jws),
      fact('name', 'set name', claims.sub),
      fact('issuer', 'issuer', claims.iss),
      fact('version', 'version', claims.ver),
      timeFact('made', 'made', claims.iat, seen.now),
      timeFact('expires', 'expires', claims.exp, seen.now),
      ...rowFacts(found),
    ],
    does: 'uses',
    ways,
    problems: [
      ...headerProblems(jws),
      ...problemsOf([
        claims.exp * 1000 <= seen.now,
        'keys_expired',
        'it is over: whoever serves it has to sign it again',
      ]),
      ...lengthProblems(document, history ? limits.history : limits.keySet),
      ...(history ? [] : rowProblems(found)),
    ],
  }
}

const namedSet = (name: string): readonly string[] =>
  name === 'default' ? [] : ['--set-name', 'NAME']

const historyWay = (file: string): Report['ways'][number] => ({
  who: 'whoever verifies a receipt of years ago',
  command: commandLine([
    'verify',
    '--root',
    'ROOT',
    '--history',
    file,
    '--receipt-file',
    'RECEIPT',
  ]),
})
