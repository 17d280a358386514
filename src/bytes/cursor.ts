import { SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'

/** Reads bytes in order, within bounds, naming the field and the offset at which it failed. */
export class Cursor {
  readonly #bytes: Uint8Array
  readonly #code: SealdropErrorCode
  #at = 0

  constructor(bytes: Uint8Array, code: SealdropErrorCode) {
    this.#bytes = bytes
    this.#code = code
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  u8(field: string): number {
    return this.#number(1, field)
  }

  u16(field: string): number {
    return this.#number(2, field)
  }

  u32(field: string): number {
    return this.#number(4, field)
  }

  #number(length: number, field: string): number {
    return this.take(length, field).reduce((value, byte) => value * 256 + byte, 0)
  }

  /** A view of the next `length` bytes. */
  take(length: number, field: string): Uint8Array {
    if (length > this.remaining)
      this.fail(field, `${length} bytes expected, ${this.remaining} left`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  end(field: string): void {
    if (this.remaining > 0) this.fail(field, `${this.remaining} bytes follow where it should end`)
  }

  fail(field: string, why: string): never {
    throw new SealdropError(this.#code, `${field} at byte ${this.#at}: ${why}`)
  }
}
