// How long a request to the handler may take, whatever it waits for.
import test from 'node:test'
import { assert } from 'chai'
import { uploadTransport } from 'sealdrop/upload'
import { fails } from '../support/host.js'

const url = 'https://files.example.com/uploads'
const never = () => new Promise(() => {})
const request = { session: 'of this upload', sha256: '' }
const rows = {
  'headers that never come': { headers: never },
  'an answer that never comes': { fetch: never },
}

for (const [name, o] of Object.entries(rows)) {
  test(`${name}: the signal ends the wait`, { timeout: 10_000 }, async () => {
    const stop = new AbortController()
    const asked = uploadTransport(url, /** @type {any} */ (o)).ask('complete', request, {
      signal: stop.signal,
    })
    stop.abort('enough')
    assert.equal(await asked.catch((reason) => reason), 'enough')
  })

  test(`${name}: after 90 s it is output_failed, and may be tried again`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let error
    const asked = uploadTransport(url, /** @type {any} */ (o)).ask('complete', request)
    void asked.catch((reason) => {
      error = reason
    })
    for (const ms of [89_999, 1]) {
      assert.isUndefined(error)
      t.mock.timers.tick(ms)
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
    await fails(assert, async () => Promise.reject(error), 'output_failed', /in time/)
    assert.isTrue(error.retryable)
  })
}
