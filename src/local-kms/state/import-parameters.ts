import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { generateMaterial, type Material } from '../crypto/material.js'

const day = 86_400_000

/** What an import token stands for. */
export interface ImportParameter {
  readonly keyArn: string
  readonly algorithm: string
  /** RSA_2048, RSA_3072 or RSA_4096. */
  readonly wrappingSpec: string
  readonly wrappingKey: Material
  readonly validTo: number
}

/**
 * Wrapping keys by their import tokens, each valid for a day and for any number of imports.
 *
 * They are in memory, so that a server that starts again knows none of before.
 */
export class ImportParameters {
  readonly #now: () => number
  readonly #known = new Map<string, ImportParameter>()

  constructor(now: () => number) {
    this.#now = now
  }

  async create(
    keyArn: string,
    algorithm: string,
    wrappingSpec: string,
  ): Promise<{ readonly token: Uint8Array; readonly parameter: ImportParameter }> {
    const wrappingKey = await generateMaterial(wrappingSpec)
    const token = randomBytes(256)
    const parameter = { keyArn, algorithm, wrappingSpec, wrappingKey, validTo: this.#now() + day }
    for (const [old, { validTo }] of this.#known)
      // until then a call with it is told that it expired
      if (validTo + day < this.#now()) this.#known.delete(old)
    this.#known.set(token.toString('hex'), parameter)
    return { token, parameter }
  }

  find(token: Uint8Array): ImportParameter | undefined {
    return this.#known.get(Buffer.from(token).toString('hex'))
  }
}
