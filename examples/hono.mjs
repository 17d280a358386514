// Hono: publishes the company's keys, and opens what was sealed to them.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { inspect, isSealdropError } from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { keySetHandler } from 'sealdrop/serve'

const keySet = keySetHandler(
  createPublisher({ keys: [{ key: 'alias/claims' }, { key: 'alias/receipts' }] }),
)
const opener = createOpener({ keys: ['alias/claims'] })
const signer = createSigner({ key: 'alias/receipts' })
const app = new Hono()

/** What a receipt names. For a value, `inspect` knows all of it. @param {string} sealed */
const sentOf = async (sealed) =>
  /** @type {Required<import('sealdrop').Inspection>} */ (await inspect(sealed))

app.all('/.well-known/jwks.json', (c) => keySet(c.req.raw))

app.post('/claims', async (c) => {
  const sealed = await c.req.text()
  const opened = await opener.open(sealed, { context: { form: 'claim' } })
  console.log('a claim of', opened.bytes.length, 'bytes') // never its content
  return c.text(await signer.signReceipt({ ...(await sentOf(sealed)), stage: 'opened' }))
})

app.onError((error, c) => {
  if (!isSealdropError(error)) throw error
  return c.json({ error: error.code }, error.retryable ? 503 : 400)
})

const port = Number(process.env.PORT ?? 8080)
export const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' })
