// A page or Worker: DOM or Worker types, nothing of Node.
import {
  fetchKeySet,
  importKeySet,
  inHand,
  isSealdropError,
  pinned,
  seal,
  sealedPlaces,
  sealFields,
  verifyReceipt,
  type Sealer,
  type SealdropErrorCode,
} from 'sealdrop'
import { keySetHandler } from 'sealdrop/serve'

const keys = fetchKeySet('https://example.com/.well-known/jwks.json', {
  trust: pinned(['x']),
  prefer: ['RSA-OAEP-256'],
})
export async function send(
  form: { name: string; card: { number: string } },
  sealer: Sealer,
): Promise<string> {
  try {
    const sealed = await sealFields(keys, form, {
      context: { form: 'claim' },
      fields: ['card.number'],
    })
    const number: string | { number: string } = sealed.card
    const places: readonly string[] = sealed[sealedPlaces]
    await verifyReceipt(keys, 'x', { sent: { messageId: 'a', digest: 'b' } })
    const held = importKeySet('x', { trust: inHand() })
    const value = await seal(held, form, { context: {}, signal: AbortSignal.timeout(5) })
    return `${value}${typeof number}${places.join()}${await sealer.seal(1, { context: {} })}`
  } catch (error) {
    const code: SealdropErrorCode | undefined = isSealdropError(error) ? error.code : undefined
    return code ?? ''
  }
}
export const handler: (request: Request) => Promise<Response> = keySetHandler({
  documents: async () => ({ jwks: '', etag: '', expires: new Date() }),
})
