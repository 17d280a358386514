// A page with the script tag. It seals the values of the form in the tab, and checks the receipt.
const { fetchKeySet, inspect, pinned, seal, verifyReceipt } =
  /** @type {typeof import('sealdrop')} */ (/** @type {any} */ (globalThis).sealdrop)

// Pins ship with the page, and never come from the host that serves the key set.
const pins = [
  { thumbprint: '{{sealing pin}}', use: 'enc' },
  { thumbprint: '{{receipt pin}}', use: 'sig' },
]
const keys = fetchKeySet('/.well-known/jwks.json', { trust: pinned(pins) })
const form = /** @type {HTMLFormElement} */ (document.querySelector('#claim'))
const answer = /** @type {HTMLOutputElement} */ (document.querySelector('#answer'))

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  try {
    const claim = Object.fromEntries(new FormData(form))
    const sealed = await seal(keys, claim, { context: { form: 'claim' } })
    const response = await fetch('/claims', { method: 'POST', body: sealed })
    if (!response.ok) throw new Error(`the company answered ${response.status}`)
    const sent = await inspect(sealed)
    const { stage } = await verifyReceipt(keys, await response.text(), {
      sent: { messageId: sent.messageId ?? '', digest: sent.digest ?? '' },
    })
    answer.value = `The company's KMS signed that it ${stage} your claim.`
  } catch (error) {
    answer.value = error instanceof Error ? error.message : String(error)
  }
})
form.querySelector('button')?.removeAttribute('disabled')
