import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const day = 86_400_000

/** What an import token stands for. */
export interface ImportParameter {
  readonly keyArn: string
  readonly algorithm: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly validTo: number
}

/** Wrapping keys by import token, valid for a day as often as wanted. In memory: a server that starts again knows none of before. */
export class ImportParameters {
  readonly #now: () => number
  readonly #known = new Map<string, ImportParameter>()

  constructor(now: () => number) {
    this.#now = now
  }

  async create(keyArn: string, algorithm: string, modulusLength: number): Promise<{ readonly token: Uint8Array; readonly parameter: ImportParameter }> {
    const pair = await promisify(generateKeyPair)('rsa', { modulusLength })
    const token = randomBytes(256)
    const parameter = { keyArn, algorithm, ...pair, validTo: this.#now() + day }
    for (const [old, { validTo }] of this.#known) if (validTo + day < this.#now()) this.#known.delete(old) // until then it is known to be expired
    this.#known.set(token.toString('hex'), parameter)
    return { token, parameter }
  }

  find(token: Uint8Array): ImportParameter | undefined {
    return this.#known.get(Buffer.from(token).toString('hex'))
  }
}
