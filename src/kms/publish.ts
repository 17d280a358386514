import { sha256Text } from '../crypto/digest.js'
import { ensure, shown } from '../errors/guard.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import type { JwkStatements } from '../formats/jwk.js'
import { SingleFlight } from '../io/single-flight.js'
import type { KeySetDocuments } from '../keys/documents.js'
import { loadKey } from './load-key.js'
import { KmsPort, type Kms } from './port.js'

/** A key to publish. */
export interface PublishedKey {
  /** ARN, key id or alias. */
  readonly key: string
  /** Checked against the key's own usage. */
  readonly use?: 'enc' | 'sig'
  /** Of an RSA signing key, its one algorithm. Default: PS256. */
  readonly alg?: string
  /** Publish the ARN too, which shows the account id; streams to RSA keys need it. Default: false. */
  readonly withArn?: boolean
}

export interface PublisherOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** In the order in which sealers prefer them. */
  readonly keys: readonly PublishedKey[]
  /** For how long a document stays good while KMS cannot be reached, in milliseconds. Default: 24 hours. */
  readonly lifetime?: number
}

type PublishedJwk = JwkStatements & { readonly kid: string; readonly key_ops: readonly string[] }
type Documents = Awaited<ReturnType<KeySetDocuments['documents']>>

const reloadAfter = 5 * 60_000
const retryAfter = 30_000
/** Only these leave open what state the keys are in; anything else is an answer. */
const unreachable: readonly SealdropErrorCode[] = ['kms_unavailable', 'kms_throttled', 'kms_denied', 'kms_unexpected']
const keyOps = { enc: { RSA: ['encrypt', 'wrapKey'], EC: [] }, sig: { RSA: ['verify'], EC: ['verify'] } }

/**
 * Publishes KMS public keys as a JWK Set, in the order given. KMS is asked at most once in five minutes (once in 30 s
 * while that fails), however many requests come; a key that is not enabled is left out, one that is named twice (an alias and its ARN) stands once.
 *
 * @returns documents for `keySetHandler`, or for a file or KV store that you write
 * @throws SealdropError `invalid_argument`; documents() throws `key_unusable` when no key is enabled, `kms_*`, `unsupported_algorithm` for a key that is neither RSA nor on a NIST curve
 * @see RFC 7517 §4 and §5
 */
export function createPublisher(o: PublisherOptions): KeySetDocuments {
  ensure(o, 'invalid_argument', 'createPublisher: expected { keys }')
  const { keys, lifetime = 24 * 3_600_000 } = o
  ensure(Array.isArray(keys) && keys.length > 0 && keys.every((row) => typeof row?.key === 'string'), 'invalid_argument', "keys: expected at least one { key: 'alias/...' }")
  ensure(lifetime >= reloadAfter && Number.isFinite(lifetime), 'invalid_argument', `lifetime: expected at least ${reloadAfter} ms`)
  const port = new KmsPort(o.kms ?? {})
  const flight = new SingleFlight<Documents>()
  const published = new Set<string>()
  let held: Documents | undefined
  let failure: unknown
  let reloadAt = 0
  const load = async (): Promise<Documents> => {
    const found = await Promise.all(keys.map((row) => publicJwk(port, row, published)))
    const jwks = JSON.stringify({ keys: found.filter((jwk, i) => jwk && found.findIndex((other) => other?.kid === jwk.kid) === i) })
    ensure(jwks !== '{"keys":[]}', 'key_unusable', 'none of the keys to publish is enabled')
    const etag = `"${await sha256Text(jwks)}"`
    reloadAt = Date.now() + reloadAfter
    return (held = { jwks, etag, expires: new Date(Date.now() + lifetime) }) // together: between the two a caller would find neither
  }
  return {
    async documents(): Promise<Documents> {
      const current = held && held.expires.getTime() > Date.now() ? held : undefined
      if (Date.now() < reloadAt) {
        if (current) return current
        throw failure
      }
      try {
        return await flight.run(load)
      } catch (error) {
        reloadAt = Date.now() + retryAfter
        failure = error
        held = isSealdropError(error) && unreachable.includes(error.code) ? current : undefined
        if (held) return held
        throw error
      }
    },
  }
}

/** One key, or undefined where it must not be published: not enabled, or gone since it was published. */
async function publicJwk(port: KmsPort, { key, use, alg, withArn = false }: PublishedKey, published: Set<string>): Promise<PublishedJwk | undefined> {
  const unlessGone = (error: unknown): undefined => {
    if (!published.has(key) || !isSealdropError(error) || error.code !== 'key_unusable') throw error
  }
  const described = await port.describe(key).catch(unlessGone)
  if (described?.state !== 'Enabled') return undefined
  const { arn, created } = described
  const loaded = await loadKey(port, arn, alg).catch(unlessGone)
  if (!loaded) return undefined
  const { info, jwk } = loaded
  ensure(use === undefined || use === info.use, 'invalid_argument', `use ${shown(use ?? '')}: ${key} is for ${info.use}`)
  const iat = created && { iat: Math.floor(created.getTime() / 1000) }
  published.add(key)
  return { ...jwk, kid: info.thumbprint, use: info.use, key_ops: keyOps[info.use][jwk.kty], alg: info.alg, ...iat, ...(withArn && { kms_arn: arn }) }
}
