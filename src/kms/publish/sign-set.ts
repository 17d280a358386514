import { isWellFormed, utf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'
import { thumbprintUrn } from '../../keys/key.js'
import type { OpenerKey } from '../../open/opener-key.js'
import { loadKey } from '../port/load-key.js'
import type { KmsPort } from '../port/port.js'
import { signJws } from '../sign/sign-jws.js'

/** Who signs a set, and under which name. */
export interface SetSignerOptions {
  readonly root: string
  readonly name: string
  readonly issuer: string | undefined
  /** The `typ` of what is signed: a set and a history never pass for each other. */
  readonly typ: 'jwk-set+jwt' | 'jwk-set-history+jwt'
}

/** When a set is signed, and for how long. */
export interface SetTimes {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Milliseconds. */
  readonly lifetime: number
  /**
   * The counter of the inventory, or the time where there is none.
   *
   * By the time, publishers that run side by side never seem to go back for long.
   */
  readonly ver?: number | undefined
}

/** A signed set, and when it expires. */
export interface SignedDocument {
  readonly jws: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** The document that was signed last, the set that it is of, and when it was signed. */
interface LastSigned extends SignedDocument {
  readonly jwks: string
  readonly ver: number
  readonly at: number
}

const minute = 60_000
const [shortest, longest] = [15 * minute, 7 * 24 * 60 * minute]

/**
 * Checks the lifetime of a signed set.
 *
 * @throws SealdropError `invalid_argument`
 */
export function checkLifetime(lifetime: number): void {
  ensure(
    lifetime >= shortest && lifetime <= longest,
    'invalid_argument',
    'lifetime: expected 15 minutes to 7 days for a signed set, in milliseconds',
  )
}

/**
 * Signs key sets with a root (key-set.md, "Signed").
 *
 * The same set is signed again only when a quarter of its lifetime is over.
 */
export class SetSigner {
  readonly #port: KmsPort
  readonly #options: SetSignerOptions
  #last: LastSigned | undefined

  constructor(port: KmsPort, options: SetSignerOptions) {
    const { root, name, issuer } = options
    ensure(
      typeof root === 'string' && root !== '',
      'invalid_argument',
      'root: expected a key ARN, a key id or an alias',
    )
    ensure(
      [name, issuer ?? '-'].every(
        (text) => typeof text === 'string' && text !== '' && isWellFormed(text),
      ),
      'invalid_argument',
      'name and issuer: expected text without lone surrogates',
    )
    this.#port = port
    this.#options = options
  }

  /**
   * Signs a set, or answers what was signed last where that is still good.
   *
   * @param jwks - the set as JSON
   */
  async sign(jwks: string, { now, lifetime, ver }: SetTimes): Promise<SignedDocument> {
    const last = this.#last
    if (last?.jwks === jwks && (ver ?? last.ver) === last.ver) {
      const age = now - last.at
      // what was signed in the future was signed by a wrong clock, and clients may refuse it
      if (age >= 0 && age < lifetime / 4) return last
    }
    const { name, issuer, typ } = this.#options
    const { keys } = JSON.parse(jwks) as { readonly keys: readonly { readonly kid?: string }[] }
    const key = await this.#rootFor(keys.map(({ kid }) => kid))
    const iat = Math.floor(now / 1000)
    const exp = Math.floor((now + lifetime) / 1000)
    const counter = ver ?? Math.max(iat, (last?.ver ?? 0) + 1)
    const claims = {
      iss: issuer ?? thumbprintUrn(key.info.thumbprint),
      sub: name,
      ver: counter,
      iat,
      exp,
      keys,
    }
    const jws = await signJws(this.#port, key, {
      header: { typ },
      payload: utf8(JSON.stringify(claims)),
    })
    this.#last = { jws, jwks, expires: exp * 1000, ver: counter, at: now }
    return this.#last
  }

  /**
   * Loads the root.
   *
   * @param published - `kid` of the keys to publish, none of which may be the root
   */
  async #rootFor(published: readonly (string | undefined)[]): Promise<OpenerKey> {
    const { root } = this.#options
    const key = await loadKey(this.#port, root)
    ensure(
      key.info.use === 'sig',
      'key_unusable',
      `the root ${root} does not sign; it needs the usage SIGN_VERIFY`,
    )
    ensure(
      !published.includes(key.info.thumbprint),
      'invalid_argument',
      'root: it is one of the keys to publish; a root signs key sets and nothing else',
    )
    return key
  }
}
