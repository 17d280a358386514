// A page with a bundler. `vite build` takes only what is imported, about 6 kB for sealing a value.
import { importKeySet, inHand, seal } from 'sealdrop'
import key from './key.json'

// The company's public key is part of the build, so whoever serves the page vouches for it.
const keys = importKeySet(key, { trust: inHand() })
const form = /** @type {HTMLFormElement} */ (document.querySelector('#note'))
const output = /** @type {HTMLOutputElement} */ (document.querySelector('#sealed'))

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  try {
    const note = Object.fromEntries(new FormData(form))
    output.value = await seal(keys, note, { context: { form: 'note' } })
  } catch (error) {
    output.value = error instanceof Error ? error.message : String(error)
  }
})
form.querySelector('button')?.removeAttribute('disabled')
