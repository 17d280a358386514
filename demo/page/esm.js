// The whole job with ES modules. A bundler takes the same code with the npm package `sealdrop`.
import { fetchKeySet, inspect, isSealdropError, pinned, seal, verifyReceipt } from 'sealdrop'

const find = (selector) => document.querySelector(selector)
// the demo's clock can be moved; leave it out
const now = () => Date.now() + Number(find('meta[name=demo-clock]').content)
// nothing is made before it is used, since that fails over plain http, and the page must say so
let keys, jwe, sent, receipt

find('#note').addEventListener('submit', (event) => {
  event.preventDefault()
  find('#log').replaceChildren()
  void step(async () => {
    keys ??= fetchKeySet('/.well-known/jwks.json', {
      trust: pinned(JSON.parse(find('meta[name=sealdrop-pins]').content)),
      now,
    })
    const form = Object.fromEntries(new FormData(event.target))
    jwe = await seal(keys, form, { context: { form: 'insurance-claim', part: 'message' } })
    sent = await inspect(jwe)
    find('#send').disabled = false
    return ['Sealed in this tab', `for the key ${sent.recipients[0]} (${keys.trust})`, jwe]
  })
})

find('#send').addEventListener('click', () =>
  step(async () => {
    const response = await fetch('/api/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/jose' },
      body: jwe,
    })
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(answer.message), { code: answer.code })
    const read = answer.seen.fields.map(({ value }) => `“${value}”`).join(', ')
    say('Opened by the company', `with ${answer.calls.join(' and ')}; it read ${read}`)
    receipt = answer.receipt
    const { key, trust, receivedAt } = await verifyReceipt(keys, receipt, { sent })
    find('#change').hidden = false
    return [
      'Receipt verified',
      `signed by ${key.thumbprint} (${key.alg}, ${trust}) at ${receivedAt.toLocaleTimeString(document.documentElement.lang)}`,
      receipt,
    ]
  }),
)

find('#change').addEventListener('click', () =>
  step(async () => {
    const at = receipt.indexOf('.') + 20
    const changed = receipt.slice(0, at) + (receipt[at] === 'A' ? 'B' : 'A') + receipt.slice(at + 1)
    await verifyReceipt(keys, changed, { sent })
    return ['Not refused', 'a changed receipt was taken, which must not happen']
  }),
)

find('#note').addEventListener('input', () => {
  // what was sealed is no longer what is in the form
  find('#send').disabled = find('#change').hidden = true
})

async function step(work) {
  try {
    say(...(await work()))
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: string }} */ (error)
    const refused = isSealdropError(error) || code !== undefined
    say(refused ? `Refused: ${code}` : 'That did not work', message)
  }
}

function say(title, text, token) {
  const item = document.createElement('li')
  const parts = [['b', title, ''], ['p', text, ''], ...(token ? [['p', token, 'token']] : [])]
  item.append(
    ...parts.map(([name, textContent, className]) =>
      Object.assign(document.createElement(name), { textContent, className }),
    ),
  )
  find('#waiting').hidden = true
  find('#log').append(item)
}
