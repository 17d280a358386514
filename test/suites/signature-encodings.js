import { bitsOf } from '../support/bits.js'
import { fails } from '../support/host.js'
import { rawSign, text } from '../support/sign.js'
import { coordinates, signers, verifying } from '../support/signature-keys.js'
import { wrong } from '../support/types.mjs'

/** DER of two integers, their octets as given. */
function derOf(r, s, { after = /** @type {number[]} */ ([]), extra = 0 } = {}) {
  const body = [2, r.length, ...r, 2, s.length, ...s]
  const length = body.length + extra
  return new Uint8Array([0x30, ...(length > 127 ? [0x81] : []), length, ...body, ...after])
}

/** An INTEGER's octets of an unsigned number: minimal, with a sign octet where it needs one. */
function integerOf(bytes) {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  return bytes[start] & 0x80 ? [0, ...bytes.subarray(start)] : [...bytes.subarray(start)]
}

/**
 * ECDSA signatures as DER and as r ‖ s: each has one form.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signatureEncodingsSuite(host) {
  const { test, assert, door } = host
  const { verifySignature } = door
  const { keysOf } = signers(host)

  for (const [alg, size] of Object.entries(coordinates)) {
    test(`${alg}: DER that is padded, negative, oversized, cut, or has something after it does not verify`, async () => {
      const keys = keysOf(alg)
      // a signature of which both integers need a sign octet, so that leaving it out is negative
      let message, raw, r, s
      let tries = 0
      do {
        // another each time, since Deno's signatures follow from the message (RFC 6979)
        message = `m${tries++}`
        raw = await rawSign(alg, text.encode(message))
        r = integerOf(raw.subarray(0, size))
        s = integerOf(raw.subarray(size))
      } while (r[0] !== 0 || s[0] !== 0)
      const check = (signature) => verifySignature(keys, { message, signature, algorithm: alg })
      await check(derOf(r, s))
      const good = derOf(r, s)
      const bad = {
        'r padded': derOf([0, ...r], s),
        's padded': derOf(r, [0, ...s]),
        'r empty': derOf([], s),
        's empty': derOf(r, []),
        'r negative': derOf([r[0] | 0x80, ...r.slice(1)], s),
        's negative': derOf(r, [s[0] | 0x80, ...s.slice(1)]),
        'sign octets left out': derOf(r.slice(1), s.slice(1)),
        'r oversized': derOf([1, ...raw.subarray(0, size), 0], s),
        's of 67 bytes more': derOf(r, [1, ...new Uint8Array(size + 1)]),
        'r zero': derOf([0], s),
        's zero': derOf(r, [0]),
        'trailing byte': derOf(r, s, { after: [0] }),
        'trailing byte in the sequence': new Uint8Array([
          ...good.subarray(0, good[1] & 0x80 ? 2 : 1),
          good[good[1] & 0x80 ? 2 : 1] + 1,
          ...good.subarray(good[1] & 0x80 ? 3 : 2),
          0,
        ]),
        'sequence too short': derOf(r, s, { extra: -1 }),
        'sequence too long': derOf(r, s, { extra: 1 }),
        'three integers': new Uint8Array([0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]),
        'a long form of a short length': new Uint8Array([
          0x30,
          0x82,
          0,
          good.length - (good[1] & 0x80 ? 3 : 2),
          ...good.subarray(good[1] & 0x80 ? 3 : 2),
        ]),
        'indefinite length': new Uint8Array([
          0x30,
          0x80,
          ...good.subarray(good[1] & 0x80 ? 3 : 2),
          0,
          0,
        ]),
        'a set': new Uint8Array([0x31, ...good.subarray(1)]),
        'raw r ‖ s': raw,
        'r and s swapped': derOf(s, r),
        'r and s of another order': derOf([...r].reverse(), s),
      }
      assert.deepEqual(await verifying(Object.values(bad), check), [])
      for (let length = 0; length < good.length; length++)
        await fails(assert, check(good.subarray(0, length)), 'malformed')
      const bits = bitsOf(host, good.length * 8).map((bit) =>
        Uint8Array.from(good, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      )
      assert.deepEqual(await verifying(bits, check), [])
      await fails(
        assert,
        verifySignature(keys, {
          message,
          signature: good,
          algorithm: alg,
          encoding: wrong('asn1'),
        }),
        'invalid_argument',
        /encoding/,
      )
    })

    test(`${alg}: a raw signature that begins as DER does is what the caller says`, async () => {
      const keys = keysOf(alg)
      const raw = await rawSign(alg, text.encode('m'))
      await verifySignature(keys, {
        message: 'm',
        signature: raw,
        algorithm: alg,
        encoding: 'ieee-p1363',
      })
      await fails(
        assert,
        verifySignature(keys, {
          message: 'm',
          signature: Uint8Array.from(raw, (byte, i) => (i === 0 ? 0x30 : byte)),
          algorithm: alg,
        }),
        'malformed',
      )
    })
  }
}
