// How many parts of a file are made, asked for and sent side by side. The handler is made up: it
// signs nothing until it was asked for as many as it waits for.
import test from 'node:test'
import { assert } from 'chai'
import * as door from 'sealdrop'
import { planUpload, uploadSealed } from 'sealdrop/upload'
import { keysInHand } from '../support/host.js'

const MiB = 2 ** 20
const timeout = 60_000

/** A file of zeros that takes no memory. */
const zeros = (size) => ({ size, read: async (start, end) => new Uint8Array(end - start) })

/** Opens once it was reached so often. */
function gate(count) {
  let reached = 0
  let open
  const opened = new Promise((resolve) => (open = resolve))
  return () => {
    if (++reached === count) open()
    return opened
  }
}

/** A handler and a bucket that wait for so many requests side by side, and count them. */
function transportOf({ signed, sent }) {
  const seen = { asked: 0, open: 0, most: 0 }
  const [isAsked, isSent] = [gate(signed), gate(sent)]
  const answers = {
    begin: ({ length, partLength }) => ({
      ...planUpload(length, partLength),
      session: 'a session',
      expires: Date.now() + 60_000,
    }),
    sign: async ({ parts: [{ part }] }) => {
      seen.asked++
      await isAsked()
      return { parts: [{ part, url: 'https://bucket.example.com/', headers: {} }] }
    },
    list: () => ({ parts: [], more: false }),
    complete: () => ({ done: true, key: 'a key' }),
  }
  return {
    seen,
    ask: async (op, request) => answers[op](request),
    put: async () => {
      seen.open++
      seen.most = Math.max(seen.most, seen.open)
      await isSent()
      seen.open--
      return { status: 200, code: '', message: '', retryAfter: 0 }
    },
  }
}

/** Parts of so many MiB, what was said of how many go side by side, and how many do. */
const rows = [
  { part: 5, inFlight: undefined, expected: 6 },
  { part: 6, inFlight: undefined, expected: 5 },
  { part: 8, inFlight: undefined, expected: 3 },
  { part: 16, inFlight: undefined, expected: 3 },
  { part: 32, inFlight: undefined, expected: 2 },
  { part: 5, inFlight: 2, expected: 2 },
  { part: 5, inFlight: 8, expected: 8 },
  { part: 16, inFlight: 8, expected: 4 },
]

for (const { part, inFlight, expected } of rows)
  test(
    `of parts of ${part} MiB ${expected} are sent side by side, and one more is signed, where ${inFlight ?? 'nothing'} is said`,
    { timeout },
    async () => {
      const transport = transportOf({ signed: expected + 1, sent: expected })
      const parts = expected + 2
      const upload = await uploadSealed(
        keysInHand(door, 'P-256-enc'),
        zeros((parts * part - 1) * MiB),
        {
          context: { claim: '7' },
          transport,
          partLength: part * MiB,
          ...(inFlight && { inFlight }),
        },
      )
      assert.equal((await upload.done).key, 'a key')
      assert.equal(transport.seen.asked, parts)
      assert.equal(transport.seen.most, expected)
    },
  )
