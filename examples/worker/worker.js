// A Cloudflare Worker that seals personal data before the company's own backend can log it.
import { fetchKeySet, isSealdropError, pinned, sealFields } from 'sealdrop'

/**
 * Thumbprints that were handed over. Their `use` lets no host say that a signing key is sealed to.
 *
 * @param {string} thumbprints
 * @returns {import('sealdrop').Pin[]}
 */
const pinsOf = (thumbprints) =>
  thumbprints.split(',').map((thumbprint) => ({ thumbprint, use: 'enc' }))

/** @type {ReturnType<typeof fetchKeySet> | undefined} made in the first request, not before */
let keys

export default {
  /**
   * @param {Request} request
   * @param {{ KEY_SET_URL: string, PINS: string }} env
   */
  async fetch(request, env) {
    keys ??= fetchKeySet(env.KEY_SET_URL, { trust: pinned(pinsOf(env.PINS)) })
    try {
      const order = /** @type {object} */ (await request.json())
      const fields = ['person.iban', 'items.*.note']
      return Response.json(await sealFields(keys, order, { context: { flow: 'order' }, fields }))
    } catch (error) {
      if (!isSealdropError(error)) throw error
      return Response.json({ error: error.code }, { status: error.retryable ? 503 : 400 })
    }
  },
}
