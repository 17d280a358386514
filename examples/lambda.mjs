// AWS Lambda behind a function URL: opens what was sealed, and answers a signed receipt. The role
// of the function needs kms:GetPublicKey, kms:Decrypt or kms:DeriveSharedSecret, and kms:Sign.
import { inspect, isSealdropError } from 'sealdrop'
import { createOpener, createSigner } from 'sealdrop/kms'

const opener = createOpener({ keys: ['alias/claims'] })
const signer = createSigner({ key: 'alias/receipts' })

/** What a receipt names. For a value, `inspect` knows all of it. @param {string} sealed */
const sentOf = async (sealed) =>
  /** @type {Required<import('sealdrop').Inspection>} */ (await inspect(sealed))

/** @param {{ body: string, isBase64Encoded: boolean }} event */
export async function handler({ body, isBase64Encoded }) {
  const sealed = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body
  try {
    const opened = await opener.open(sealed, { context: { form: 'claim' } })
    console.log(JSON.stringify({ opened: opened.messageId, bytes: opened.bytes.length }))
    const receipt = await signer.signReceipt({ ...(await sentOf(sealed)), stage: 'opened' })
    return { statusCode: 200, headers: { 'content-type': 'application/jwt' }, body: receipt }
  } catch (error) {
    if (!isSealdropError(error)) throw error
    const statusCode = error.retryable ? 503 : 400
    return { statusCode, body: JSON.stringify({ error: error.code }) }
  }
}
