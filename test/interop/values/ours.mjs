// Sealdrop by the protocol of the foreign programs: it writes to the published key, and reads by
// the KMS.
import { importKeySet, inHand, isSealdropError, seal } from 'sealdrop'
import { createOpener } from 'sealdrop/kms'

/** What a value is before it is bytes, as its cty says. */
const inputOf = {
  'text/plain;charset=utf-8': (bytes) => bytes.toString(),
  json: (bytes) => JSON.parse(bytes.toString()),
}
/** What comes out, by the same words. JSON comes out as it was written, and is not padded. */
const outputOf = {
  'text/plain;charset=utf-8': (opened) => Buffer.from(opened.text()),
  json: (opened) => Buffer.from(JSON.stringify(opened.json())),
}
const asBytes = (opened) => Buffer.from(opened.bytes)

const verbs = {
  async write(_opener, { set, header: { kid, cty, ctx }, plaintext }) {
    const { keys } = JSON.parse(set)
    const one = JSON.stringify({ keys: keys.filter((key) => key.kid === kid) })
    const input = (inputOf[cty] ?? ((bytes) => bytes))(Buffer.from(plaintext, 'base64'))
    return {
      value: await seal(importKeySet(one, { trust: inHand() }), input, { context: ctx ?? {} }),
    }
  },
  async read(opener, { value, context, cty }) {
    const opened = await opener.open(value, { context })
    return { plaintext: (outputOf[cty] ?? asBytes)(opened).toString('base64') }
  },
}

/** @returns the function that runs jobs, against the keys of one KMS */
export function ourRunner(kms, arns) {
  const opener = createOpener({ kms, keys: arns })
  return async (jobs) => {
    const results = []
    for (const { kind, ...job } of jobs)
      results.push(
        await verbs[kind](opener, job).catch((error) => ({
          error: `${isSealdropError(error) ? error.code : error.name}: ${error.message}`,
        })),
      )
    return { versions: {}, results }
  }
}
