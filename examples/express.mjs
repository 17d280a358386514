// Express: publishes the company's keys, and opens what was sealed to them.
import express from 'express'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { inspect, isSealdropError } from 'sealdrop'
import { keySetListener } from 'sealdrop/serve'

const publisher = createPublisher({ keys: [{ key: 'alias/claims' }, { key: 'alias/receipts' }] })
const opener = createOpener({ keys: ['alias/claims'] })
const signer = createSigner({ key: 'alias/receipts' })
const app = express()

/** What a receipt names. For a value, `inspect` knows all of it. @param {string} sealed */
const sentOf = async (sealed) =>
  /** @type {Required<import('sealdrop').Inspection>} */ (await inspect(sealed))

app.use('/.well-known/jwks.json', keySetListener(publisher))

app.post('/claims', express.text({ type: () => true, limit: '2mb' }), async (req, res) => {
  try {
    const opened = await opener.open(req.body, { context: { form: 'claim' } })
    console.log('a claim of', opened.bytes.length, 'bytes') // never its content
    res.send(await signer.signReceipt({ ...(await sentOf(req.body)), stage: 'opened' }))
  } catch (error) {
    if (!isSealdropError(error)) throw error
    res.status(error.retryable ? 503 : 400).json({ error: error.code })
  }
})

export const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
