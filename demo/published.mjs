// What the company publishes and signs: its key set, its history, its receipts.
import { createPublisher, createSigner, publicJwk } from 'sealdrop/kms'

/** In this order pages try the keys that they pin. */
const pinOrder = ['current', 'next', 'retired']

/**
 * @param {import('./companion.mjs').CompanionOptions} o
 * @returns `set()`, `history()` and `signer()` as they are now; `renew()` after the keys changed;
 *   `root()`, the public JWK of the root; `pins()`
 */
export function createPublished({ kms, store, root, signs, now }) {
  const make = () => ({
    signer: createSigner({ kms, key: signs, now }),
    set: createPublisher({ kms, keys: store, root, now }),
    history: createPublisher({ kms, keys: store, root, now, history: true }),
  })
  let made = make()
  let rootKey
  return {
    set: () => made.set,
    history: () => made.history,
    signer: () => made.signer,
    root: async () => (rootKey ??= await publicJwk({ kms, key: root })),
    pins: () => pinsOf(store),
    /**
     * Makes what is published anew at once, not within five minutes. Work that began with the
     * documents of before goes on.
     */
    renew: () => {
      made = make()
    },
    ready: () => Promise.all([made.signer.ready(), made.set.documents(), made.history.documents()]),
    close: () => made.signer.close(),
  }
}

/**
 * The keys that pages should pin. They include the next ones, which no set has yet, so that a page
 * goes on over a rotation.
 */
async function pinsOf(store) {
  const {
    inventory: { purposes, keys },
  } = await store.read()
  const rank = ({ state }) => pinOrder.indexOf(state)
  return purposes.flatMap(({ name, use }) =>
    keys
      .filter((key) => key.purpose === name && rank(key) >= 0 && !key.unpublished)
      .sort((a, b) => rank(a) - rank(b))
      .map(({ thumbprint }) => ({ thumbprint, use })),
  )
}
